using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <param name="ParentId">Below whom; null: a root of its own.</param>
/// <param name="From">The first Shanghai date at the new place; today where it is absent.</param>
public sealed record MoveOrganisationRequest(Guid? ParentId, DateOnly? From = null, [property: RegularExpression("[a-z0-9-]{1,40}")] string ReasonCode = "not-stated");

/// <summary>A move as recorded; `moved` counts the organisation and all below it.</summary>
public sealed record MoveView(Guid Id, Guid OrganisationId, Guid? FromParentId, Guid? ToParentId, DateOnly From, int Moved, OrganisationView Organisation);

/// <summary>
/// POST /v1/organisations/{id}/move: the organisation and all below it stand elsewhere from a day on. Drives of the days before, and
/// targets of periods that began before, stay counted where they were (docs/decisions). The other services hear of each
/// organisation that moved.
/// </summary>
public static class MoveOrganisation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/organisations/{id:guid}/move", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Moves an organisation with all below it");

    private static async Task<Results<Made<MoveView>, ProblemHttpResult>> Handle(Guid id, MoveOrganisationRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<MoveView>, ProblemHttpResult>>(async tx =>
        {
            var (today, parentId) = (Shanghai.DateOf(tx.Now), request.ParentId);
            var from = request.From ?? today;
            var (rows, parent, latest) = await tx.Read($"""
                {OrganisationRow.LockTree};
                select 1 from event.organisation where path @> array[@id]::uuid[] order by id for update;
                {OrganisationRow.Select} where o.path @> array[@id]::uuid[];
                {OrganisationRow.Select} where o.id = @parentId::uuid;
                select max(p.valid_from) as day from event.organisation_placement p
                where p.valid_from > @from and (p.organisation_id = @parentId::uuid or p.organisation_id in (select b.organisation_id from event.organisation_placement b where b.path @> array[@id]::uuid[]))
                """, new { id, parentId, from }, async grid =>
                {
                    await grid.ReadAsync<int>();
                    await grid.ReadAsync<int>();
                    return ((await grid.ReadAsync<OrganisationRow>()).ToArray(), await grid.ReadSingleOrDefaultAsync<OrganisationRow>(), (await grid.ReadSingleAsync<LatestRow>()).Day);
                });
            if (Array.Find(rows, o => o.Id == id) is not { } branch) return CommonProblems.Unknown(id);
            if (!branch.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (parentId is { } unknown && parent is null) return CommonProblems.Unknown(unknown);
            if (parent?.IsManagedBy(caller) is false) return CommonProblems.NotFound.With();
            // Whoever stands above would lose it, and has not been asked.
            if (caller.Is(Roles.Organiser) && (parent is null || id == caller.Tenant)) return Problems.OutsideOwnSubtree.With("An organiser moves what is below its own organisation, within it");
            var height = rows.Max(o => o.Path.Length) - branch.Path.Length + 1;
            if (OrganisationTree.ForbidsMove(new(id, height, parent?.Path ?? [], from, latest), today) is { } no) return no.ToProblem();
            if (branch.ParentId == parentId) return Problems.AlreadyThere.With();

            var (moveId, ids, above, before) = (tx.NewId(), rows.Select(o => o.Id).ToArray(), parent?.Path ?? [], branch.Path[..^1]);
            tx.Write("""
                insert into event.organisation_move (id, organisation_id, from_parent_id, to_parent_id, effective_on, reason_code, recorded_at, client_id, staff_id)
                values (@moveId, @id, @fromParentId, @parentId, @from, @ReasonCode, @now, @ClientId, @staff)
                """, new { moveId, id, fromParentId = branch.ParentId, parentId, from, request.ReasonCode, now = tx.Now, caller.ClientId, staff = caller.Staff?.Id });
            // A second move of the same day replaces the first: nobody stood there for a day.
            tx.WriteAny("delete from event.organisation_placement where organisation_id = any(@ids) and valid_from = @from", new { ids, from });
            tx.Write("update event.organisation_placement set valid_to = @from where organisation_id = any(@ids) and valid_to = (select max(n.valid_to) from event.organisation_placement n where n.organisation_id = organisation_placement.organisation_id)", new { ids, from }, rows: ids.Length);
            tx.Write("""
                insert into event.organisation_placement (organisation_id, valid_from, valid_to, path, move_id)
                select o.id, @from, 'infinity', @above || o.path[array_position(o.path, @id):], @moveId from event.organisation o where o.id = any(@ids)
                """, new { ids, id, above, from, moveId }, rows: ids.Length);
            // Targets that begin later are counted there; together they leave every organisation above the old place and come to all above the new.
            tx.WriteAny("""
                insert into event.target_total as s (organisation_id, period_from, period_to, donations, volume_ml)
                select a.id, t.period_from, t.period_to, 0, 0 from event.target t cross join unnest(@above) as a(id) where t.organisation_id = any(@ids) and t.period_from >= @from
                group by 1, 2, 3 order by 1, 2, 3 on conflict do nothing
                """, new { ids, above, from });
            tx.WriteAny("""
                update event.target_total s set donations = s.donations + m.sign * t.donations, volume_ml = s.volume_ml + m.sign * t.volume_ml
                from (select a, sum(sign) as sign from (select unnest(@before) as a, -1 as sign union all select unnest(@above), 1) x group by a having sum(sign) <> 0) m,
                     (select period_from, period_to, sum(donations) as donations, sum(volume_ml) as volume_ml from event.target where organisation_id = any(@ids) and period_from >= @from group by 1, 2) t
                where s.organisation_id = m.a and s.period_from = t.period_from and s.period_to = t.period_to
                """, new { ids, before, above, from });
            tx.Write("""
                update event.organisation set version = version + 1, path = @above || path[array_position(path, @id):], parent_id = case when id = @id then @parentId else parent_id end where id = any(@ids)
                """, new { ids, id, above, parentId }, rows: ids.Length);
            OrganisationRow After(OrganisationRow o) => o with { Version = o.Version + 1, ParentId = o.Id == id ? parentId : o.ParentId, Path = OrganisationTree.PathAfter(above, id, o.Path), PlacedSince = from };
            foreach (var organisation in rows) tx.Append(After(organisation).ToChanged(tx.Now));
            tx.Audit("organisation.move", $"organisation/{id}", new { move = moveId, fromParent = branch.ParentId, toParent = parentId, from, request.ReasonCode, moved = ids.Length });
            return Answers.Ok(branch.Version + 1, new MoveView(moveId, id, branch.ParentId, parentId, from, ids.Length, After(branch).ViewFor(caller, vault)));
        }, ct);

    private sealed record LatestRow
    {
        public DateOnly? Day { get; init; }
    }
}
