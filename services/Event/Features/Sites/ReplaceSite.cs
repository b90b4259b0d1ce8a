using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Sites;

/// <summary>PUT /v1/sites/{id}: the whole new state. A qualification that would end before drives that are approved there is refused with them.</summary>
public static class ReplaceSite
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPut("/v1/sites/{id:guid}", Handle)
        .Allow("drives", Roles.Station)
        .WithSummary("Replaces what is known of a site, its qualification included");

    private static async Task<Results<Made<SiteView>, ProblemHttpResult>> Handle(Guid id, SiteRequest request, Caller caller, HttpRequest http, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<SiteView>, ProblemHttpResult>>(async tx =>
        {
            // Whoever approves a drive here holds the site shared: the second statement sees the drive, or he sees the new qualification.
            var (before, beyond) = await tx.Read($"""
                {SiteRow.Select} where s.id = @id for update;
                select d.id from event.drive d where (d.site_id = @id or d.vehicle_id = @id) and d.status in ('approved', 'open', 'started') and not d.backfilled
                  and (@until::date is null or (d.ends_at at time zone 'Asia/Shanghai')::date > @until::date) order by d.id limit 100
                """, new { id, until = request.QualifiedUntil?.ToString("O") }, async grid => (await grid.ReadSingleOrDefaultAsync<SiteRow>(), (await grid.ReadAsync<Guid>()).ToList()));
            if (before is null) return CommonProblems.Unknown(id);
            if (before.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (Answers.Precondition(http, before.Version) is { } stale) return stale;
            if (beyond.Count > 0) return Problems.SiteInUse.With("Cancel or move these drives first", [.. beyond.Select(d => new FieldError($"drives/{d}", "beyond_qualification", "Takes place later than the qualification would last"))]);
            if ((before.Kind == "vehicle") != (request.Kind == "vehicle")) return CommonProblems.Invalid.With(null, new FieldError("/kind", "unchangeable", "A vehicle stays one"));

            var after = SiteRow.From(request, id, before.Version + 1, before.StationId);
            tx.Write("""
                update event.site set version = @Version, kind = @Kind, name = @Name, address = @Address, district = @District, latitude = @Latitude, longitude = @Longitude, beds = @Beds, power = @Power, water = @Water,
                    indoor = @Indoor, qualification_number = @QualificationNumber, qualified_until = @until::date, changed_at = @now where id = @Id
                """, after.At(tx.Now));
            tx.Audit("site.replace", $"site/{id}", new { before.QualifiedUntil, to = after.QualifiedUntil });
            return Answers.Ok(after.Version, after.ViewFor(caller));
        }, ct);
}
