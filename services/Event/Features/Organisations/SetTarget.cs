using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>What an organisation itself sets out to bring in a period, both dates included; both zero takes the target back. Targets of those below it are theirs and are added at every level.</summary>
public sealed record SetTargetRequest(DateOnly From, DateOnly To, [property: Range(0, 100_000_000)] long Donations, [property: Range(0, 100_000_000_000)] long VolumeMl = 0);

/// <param name="Own">What the organisation itself sets out to bring.</param>
/// <param name="Total">With all that stood below it on the period's first day.</param>
public sealed record TargetView(Guid OrganisationId, DateOnly From, DateOnly To, TargetFigures Own, TargetFigures Total);

/// <summary>Zero is none.</summary>
public sealed record TargetFigures(long Donations, long VolumeMl);

/// <summary>PUT /v1/organisations/{id}/targets: the organisation's own; the totals of all above it follow in the same transaction.</summary>
public static class SetTarget
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPut("/v1/organisations/{id:guid}/targets", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Sets an organisation's own target for a period");

    private static async Task<Results<Made<TargetView>, ProblemHttpResult>> Handle(Guid id, SetTargetRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<TargetView>, ProblemHttpResult>>(async tx =>
        {
            var (organisation, place, before, total) = await tx.Read($"""
                {OrganisationRow.LockTreeShared};
                {OrganisationRow.ForUpdate};
                select path from event.organisation_placement where organisation_id = @id and valid_from <= @From and valid_to > @From;
                select donations, volume_ml, version from event.target where organisation_id = @id and period_from = @From and period_to = @To;
                select donations, volume_ml, 0::bigint as version from event.target_total where organisation_id = @id and period_from = @From and period_to = @To
                """, new { id, request.From, request.To }, async grid =>
                {
                    await grid.ReadAsync<int>();
                    await grid.ReadAsync<int>();
                    return (await grid.ReadSingleOrDefaultAsync<OrganisationRow>(), await grid.ReadSingleOrDefaultAsync<PathRow>(), await grid.ReadSingleOrDefaultAsync<TargetRow>(), await grid.ReadSingleOrDefaultAsync<TargetRow>());
                });
            if (organisation is null) return CommonProblems.Unknown(id);
            if (!organisation.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (request.To < request.From) return CommonProblems.Invalid.With(null, new FieldError("/to", "before_start", "to must not be before from"));
            if (request.To > request.From.AddYears(5)) return CommonProblems.Invalid.With(null, new FieldError("/to", "too_long", "Five years at most"));
            if (request.From < Rules.DrivePlan.FirstDay) return CommonProblems.Invalid.With(null, new FieldError("/from", "too_early", "From 1998-10-01 on"));

            var (donations, volumeMl) = (request.Donations - (before?.Donations ?? 0), request.VolumeMl - (before?.VolumeMl ?? 0));
            var version = (before?.Version ?? 0) + 1;
            tx.Write("""
                insert into event.target (organisation_id, period_from, period_to, version, donations, volume_ml) values (@id, @From, @To, @version, @Donations, @VolumeMl)
                on conflict (organisation_id, period_from, period_to) do update set version = excluded.version, donations = excluded.donations, volume_ml = excluded.volume_ml
                """, new { id, request.From, request.To, version, request.Donations, request.VolumeMl });
            // Two statements: what takes back may not be inserted first, and rows are taken in one order.
            tx.WriteAny("""
                insert into event.target_total (organisation_id, period_from, period_to, donations, volume_ml)
                select a, @From, @To, 0, 0 from unnest(@path) as a order by a on conflict do nothing
                """, new { path = place!.Path, request.From, request.To });
            tx.Write("""
                update event.target_total s set donations = s.donations + @donations, volume_ml = s.volume_ml + @volumeMl
                from (select organisation_id from event.target_total where organisation_id = any(@path) and period_from = @From and period_to = @To order by organisation_id for update) l
                where s.organisation_id = l.organisation_id and s.period_from = @From and s.period_to = @To
                """, new { path = place.Path, request.From, request.To, donations, volumeMl }, rows: place.Path.Length);
            tx.Audit("organisation.target", $"organisation/{id}", new { request.From, request.To, request.Donations, request.VolumeMl });
            return Answers.Ok(version, new TargetView(id, request.From, request.To, new(request.Donations, request.VolumeMl), new((total?.Donations ?? 0) + donations, (total?.VolumeMl ?? 0) + volumeMl)));
        }, ct);

    private sealed record PathRow
    {
        public required Guid[] Path { get; init; }
    }

    private sealed record TargetRow(long Donations, long VolumeMl, long Version);
}
