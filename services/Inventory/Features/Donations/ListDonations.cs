using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Projections;

namespace BloodPlatform.Inventory.Features.Donations;

public sealed record DonationItem
{
    public string Din { get; init; } = "";
    public string Status { get; init; } = "";
    public Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }
    public string Procedure { get; init; } = "";
    public int? NominalMl { get; init; }
    public int? CollectedMl { get; init; }
    public int? TreatmentUnits { get; init; }
    public string? BloodGroup { get; init; }
    public DateTimeOffset CollectedAt { get; init; }
    public bool Backfilled { get; init; }

    /// <summary>How many bags were made from it.</summary>
    public int Units { get; init; }

    /// <summary>Open holds on the donation.</summary>
    public int Holds { get; init; }
}

/// <summary>GET /v1/donations: the station's, by number.</summary>
public static class ListDonations
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donations", Handle).Allow("inventory", Roles.Station).WithSummary("The station's donations");

    private static async Task<Page<DonationItem>> Handle(Guid? driveId, string? status, Guid? donorId, int? limit, string? cursor, Caller caller, Database db, CancellationToken ct)
    {
        var take = Answers.Limit(limit);
        var rows = await db.Query<DonationItem>($"""
            select d.din, d.status, {Persons.Of("d.donor_id")} as donor_id, d.drive_id, d.procedure, d.nominal_ml, d.collected_ml, d.treatment_units, d.blood_group, d.started_at as collected_at, d.backfilled, d.open_holds as holds,
                   (select count(*)::int from inventory.unit u where u.din = d.din) as units
            from inventory.donation d
            where d.station_id = @Tenant and d.arrived_at is not null and (@driveId::uuid is null or d.drive_id = @driveId) and (@donorId::uuid is null or d.donor_id in {Persons.Ids("@donorId")})
              and (@status::text is null or d.status = @status) and d.din > coalesce(@cursor, '')
            order by d.din limit @take + 1
            """, new { caller.Tenant, driveId, donorId, status, cursor, take }, ct);
        return Page<DonationItem>.From(rows, take, r => r.Din);
    }
}
