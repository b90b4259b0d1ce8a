using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Storage;

/// <param name="Site">Where it stands, in the station's own words; bags in stock are counted by it.</param>
/// <param name="Closed">Takes no bags any more.</param>
public sealed record PutStoragePlaceRequest(
    [property: StringLength(80, MinimumLength = 1)] string Name,
    [property: AllowedValues("refrigerator", "freezer", "agitator", "room", "box", "vehicle")] string Kind,
    [property: StringLength(80, MinimumLength = 1)] string? Site = null,
    bool Closed = false);

/// <param name="Bags">That are there now.</param>
public sealed record StoragePlaceView(string Code, string Name, string Kind, string? Site, bool Closed, int Bags);

/// <summary>PUT /v1/storage-places/{code} and GET /v1/storage-places: a station's refrigerators, freezers, agitators, rooms, boxes and vehicles, by the code that stands on them.</summary>
public static class StoragePlaces
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPut("/v1/storage-places/{code}", Put).Allow("inventory", Roles.Station).ByStaff("quality").WithSummary("Says of a place of storage what it is; what is kept in it stays");
        app.MapGet("/v1/storage-places", List).Allow("inventory", Roles.Station).WithSummary("The station's places of storage, and how many bags are there");
    }

    private static async Task<Results<Made<StoragePlaceView>, ProblemHttpResult>> Put(string code, PutStoragePlaceRequest request, Caller caller, Database db, CancellationToken ct)
    {
        if (code.Length > 40) return CommonProblems.Invalid.With(null, new FieldError("/code", "invalid", "At most 40 characters"));
        return await db.InTransaction<Results<Made<StoragePlaceView>, ProblemHttpResult>>(async tx =>
        {
            var place = await tx.QuerySingle<Row>($"{Row.Select} and p.code = @code for update of p", new { caller.Tenant, code });
            if (place is not null && place.Kind != request.Kind && place.Bags > 0) return Problems.PlaceInUse.With($"{place.Bags} bags are in it: it stays a {place.Kind}");
            if (request.Closed && place is { Bags: > 0 }) return Problems.PlaceInUse.With($"{place.Bags} bags are in it");
            tx.Write("""
                insert into inventory.storage_place (station_id, code, version, name, kind, site, closed) values (@Tenant, @code, 1, @Name, @Kind, @Site, @Closed)
                on conflict (station_id, code) do update set version = storage_place.version + 1, name = excluded.name, kind = excluded.kind, site = excluded.site, closed = excluded.closed
                """, new { caller.Tenant, code, request.Name, request.Kind, request.Site, request.Closed });
            tx.Audit("storage-place.put", $"/v1/storage-places/{Uri.EscapeDataString(code)}", new { request.Kind, request.Closed });
            return Answers.Ok((place?.Version ?? 0) + 1, new StoragePlaceView(code, request.Name, request.Kind, request.Site, request.Closed, place?.Bags ?? 0));
        }, ct);
    }

    private static async Task<Ok<StoragePlaceView[]>> List(Caller caller, Database db, CancellationToken ct) =>
        TypedResults.Ok((await db.Query<Row>($"{Row.Select} order by p.code", new { caller.Tenant }, ct)).Select(p => new StoragePlaceView(p.Code, p.Name, p.Kind, p.Site, p.Closed, p.Bags)).ToArray());

    private sealed record Row
    {
        public const string Select = """
            select p.code, p.version, p.name, p.kind, p.site, p.closed, (select count(*)::int from inventory.unit_stay s where s.station_id = p.station_id and s.place = p.code and s.until is null) as bags
            from inventory.storage_place p where p.station_id = @Tenant
            """;

        public string Code { get; init; } = "";
        public long Version { get; init; }
        public string Name { get; init; } = "";
        public string Kind { get; init; } = "";
        public string? Site { get; init; }
        public bool Closed { get; init; }
        public int Bags { get; init; }
    }
}
