using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>The dates on which a donor may be booked; what he has booked on others goes.</summary>
public static class OnDonorEligibilityChanged
{
    public static async Task Handle(DonorEligibilityChanged e, Transaction tx) =>
        await ReviewBookings.Of(tx, e.DonorId, """
            insert into event.donor (donor_id, eligibility_version, rule_set, windows) values (@DonorId, @Version, @RuleSet, @windows::jsonb)
            on conflict (donor_id) do update set eligibility_version = excluded.eligibility_version, rule_set = excluded.rule_set, windows = excluded.windows
            where excluded.eligibility_version > donor.eligibility_version;
            """, new { e.DonorId, e.Version, e.RuleSet, windows = JsonSerializer.Serialize(e.Procedures, Json.Options) });
}
