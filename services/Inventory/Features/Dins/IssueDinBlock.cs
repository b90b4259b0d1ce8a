using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Dins;

/// <param name="Year">Nominal year of the numbers; this year when absent. Past years serve what is recorded afterwards.</param>
/// <param name="DriveId">Where they will be used; kept as given.</param>
public sealed record IssueDinBlockRequest([property: Range(1, 1000)] int Count, [property: Range(2000, 2099)] int? Year = null, Guid? DriveId = null);

public sealed record DinBlockView(Guid Id, string First, string Last, int Count, Guid? DriveId, DateTimeOffset IssuedAt, string[] Dins);

/// <summary>The facility whose numbers this platform issues (FIN, registered with ICCBBA); the default is ISBT's sample facility.</summary>
/// <param name="Known">This one, and those whose blood comes here (setting `Inventory:KnownFins`, separated by commas).</param>
public sealed record Facility(string Fin, IReadOnlySet<string> Known)
{
    /// <exception cref="InvalidOperationException">Inventory:Fin or one of Inventory:KnownFins is no facility number: the service does not start.</exception>
    public static Facility From(IConfiguration configuration)
    {
        var fin = configuration["Inventory:Fin"] ?? "A9999";
        string[] known = [fin, .. (configuration["Inventory:KnownFins"] ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)];
        return Array.Find(known, f => !Din.IsFin(f)) is { } wrong ? throw new InvalidOperationException($"Inventory:Fin and Inventory:KnownFins must be facility identification numbers such as A9999, and {wrong} is none") : new(fin, known.ToHashSet());
    }
}

/// <summary>POST /v1/din-blocks</summary>
public static class IssueDinBlock
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/din-blocks", Handle)
        .Allow("inventory", Roles.Station).Creates()
        .WithSummary("Issues a run of donation numbers");

    private static async Task<Results<Made<DinBlockView>, ProblemHttpResult>> Handle(IssueDinBlockRequest request, Caller caller, Database db, Facility facility, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DinBlockView>, ProblemHttpResult>>(async tx =>
        {
            // ISBT 128: the nominal year may run a month ahead, for what is printed before the turn of the year.
            var today = Shanghai.DateOf(tx.Now);
            var year = request.Year ?? today.Year;
            if (year > today.AddMonths(1).Year) return Problems.DinYearNotOpen.With();

            // One statement takes the numbers and locks the sequence until the commit: two at once wait and never overlap.
            var next = await tx.QuerySingle<int>("""
                insert into inventory.din_sequence as s (fin, yy, next) values (@Fin, @yy, 1 + @Count)
                on conflict on constraint din_sequence_one_per_year do update set next = s.next + @Count
                returning next
                """, new { facility.Fin, yy = year % 100, request.Count });
            var dins = Enumerable.Range(next - request.Count, request.Count).Select(n => Din.Of(facility.Fin, year, n).Text).ToArray();

            var id = tx.NewId();
            tx.Write("""
                insert into inventory.din_block (id, station_id, fin, yy, first_number, last_number, drive_id, client_id, issued_at)
                values (@id, @Tenant, @Fin, @yy, @first, @last, @DriveId, @ClientId, @now)
                """, new { id, caller.Tenant, facility.Fin, yy = year % 100, first = next - request.Count, last = next - 1, request.DriveId, caller.ClientId, now = tx.Now });
            tx.Append(new DinBlockIssued
            {
                Key = id.ToString(), Version = 1, OccurredAt = tx.Now, StationId = caller.Tenant, BlockId = id, First = dins[0], Last = dins[^1], Count = dins.Length, DriveId = request.DriveId,
            });
            return Answers.Created($"/v1/din-blocks/{id}", 1, new DinBlockView(id, dins[0], dins[^1], dins.Length, request.DriveId, tx.Now, dins));
        }, ct);
}
