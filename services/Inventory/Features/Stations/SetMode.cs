using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Dins;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stations;

/// <param name="Mode">`workflow`: its people work with the platform; `mirrored`: its own software tells what they did.</param>
/// <param name="Facilities">Facility identification numbers under which the station numbers its donations itself; without any it uses issued numbers only.</param>
public sealed record SetModeRequest(
    Guid StationId,
    [property: AllowedValues("workflow", "mirrored")] string Mode,
    [property: MaxLength(10)] string[]? Facilities = null);

public sealed record StationModeView
{
    public Guid Id { get; init; }
    public Guid StationId { get; init; }
    public string Mode { get; init; } = "";
    public string[] Facilities { get; init; } = [];

    /// <summary>Until the next one of the station.</summary>
    public DateTimeOffset Since { get; init; }
}

/// <summary>
/// POST /v1/station-modes: which software a station works with, from now on. Its authority says so, or the operator: not the station, whose software would else open the way for itself.
/// </summary>
public static class SetMode
{
    private const string Select = "select m.id, m.station_id, m.mode, m.facilities, m.since from inventory.station_mode m";

    // An authority answers for the stations of its districts; a city or province is written with zeros.
    private const string Mine = "(@role = 'admin' or exists (select from inventory.station s, unnest(@districts) a where s.station_id = {0} and s.district like regexp_replace(a, '(00)+$', '') || '%'))";

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/station-modes", Handle).Allow("rules", Roles.Authority, Roles.Admin).Creates().WithSummary("Says which software a station works with, from now on");
        app.MapGet("/v1/station-modes", List).Allow("rules", Roles.Station, Roles.Authority, Roles.Admin).WithSummary("What was said of a station's software, the newest first");
        app.MapGet("/v1/station-modes/{id:guid}", Get).Allow("rules", Roles.Station, Roles.Authority, Roles.Admin).WithSummary("What was said of a station's software");
    }

    /// <summary>Whether the station tells what it did, and its own facilities; null where it works with the platform.</summary>
    internal static Task<string[]?> Mirrored(Transaction tx, Guid station) => tx.QuerySingle<string[]>("""
        select m.facilities from (select mode, facilities from inventory.station_mode where station_id = @station order by since desc limit 1) m where m.mode = 'mirrored'
        """, new { station });

    private static async Task<Results<Made<StationModeView>, ProblemHttpResult>> Handle(SetModeRequest request, Caller caller, Database db, Facility facility, CancellationToken ct) =>
        await db.InTransaction<Results<Made<StationModeView>, ProblemHttpResult>>(async tx =>
        {
            string[] facilities = [.. (request.Facilities ?? []).Distinct()];
            if (facilities.Length > 0 && request.Mode != "mirrored") return CommonProblems.Invalid.With(null, new FieldError("/facilities", "invalid", "Only of a station with software of its own"));
            FieldError[] wrong = [.. facilities.Index().Where(f => !Din.IsFin(f.Item) || f.Item == facility.Fin).Select(f => new FieldError($"/facilities/{f.Index}", "invalid", f.Item == facility.Fin ? "Its numbers are issued here" : "A facility identification number such as A9999"))];
            if (wrong.Length > 0) return CommonProblems.Invalid.With(null, wrong);
            var (mine, taken) = await tx.Read($"""
                select 1 from pg_advisory_xact_lock(hashtextextended('inventory.station-modes', 0));
                select {string.Format(System.Globalization.CultureInfo.InvariantCulture, Mine, "@StationId")};
                select f from unnest(@facilities) f where exists (
                    select from inventory.station_mode m where m.station_id <> @StationId and f = any(m.facilities)) limit 1
                """, new { caller.Role, districts = caller.Districts.ToArray(), request.StationId, facilities }, async grid =>
            {
                await grid.ReadAsync<int>();
                return (await grid.ReadSingleAsync<bool>(), await grid.ReadSingleOrDefaultAsync<string>());
            });
            if (!mine) return CommonProblems.Unknown(request.StationId);
            // Once another station's, always: two donations must never bear one number.
            if (taken is not null) return Problems.FacilityTaken.With(null, new FieldError("/facilities", "facility_taken", taken));
            var mode = new StationModeView { Id = tx.NewId(), StationId = request.StationId, Mode = request.Mode, Facilities = facilities, Since = tx.Now };
            tx.Write("insert into inventory.station_mode (id, station_id, mode, facilities, since, client_id) values (@Id, @StationId, @Mode, @Facilities, @Since, @ClientId)", new { mode.Id, mode.StationId, mode.Mode, mode.Facilities, mode.Since, caller.ClientId });
            tx.Audit("station-mode.set", $"/v1/station-modes/{mode.Id}", new { mode.StationId, mode.Mode });
            return Answers.Created($"/v1/station-modes/{mode.Id}", 1, mode);
        }, ct);

    private static string VisibleTo(Caller caller) => caller.Is(Roles.Station) ? "m.station_id = @TenantId" : string.Format(System.Globalization.CultureInfo.InvariantCulture, Mine, "m.station_id");

    private static async Task<Ok<List<StationModeView>>> List(Guid? stationId, Caller caller, Database db, CancellationToken ct) =>
        TypedResults.Ok(await db.Query<StationModeView>($"{Select} where (@stationId::uuid is null or m.station_id = @stationId) and {VisibleTo(caller)} order by m.since desc, m.id limit 1000", new { stationId, caller.TenantId, caller.Role, districts = caller.Districts.ToArray() }, ct));

    private static async Task<Results<Made<StationModeView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<StationModeView>($"{Select} where m.id = @id and {VisibleTo(caller)}", new { id, caller.TenantId, caller.Role, districts = caller.Districts.ToArray() }, ct) is { } mode ? Answers.Ok(1, mode) : await db.Unknown("inventory.station_mode", id, ct);
}
