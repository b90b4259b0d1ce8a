using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>The dates on which a donor may be booked.</summary>
public static class OnDonorEligibilityChanged
{
    public static Task Handle(DonorEligibilityChanged e, Transaction tx)
    {
        tx.WriteAny("""
            insert into event.donor (donor_id, eligibility_version, rule_set, windows) values (@DonorId, @Version, @RuleSet, @windows::jsonb)
            on conflict (donor_id) do update set eligibility_version = excluded.eligibility_version, rule_set = excluded.rule_set, windows = excluded.windows
            where excluded.eligibility_version > donor.eligibility_version
            """, new { e.DonorId, e.Version, e.RuleSet, windows = JsonSerializer.Serialize(e.Procedures, Json.Options) });
        return Task.CompletedTask;
    }
}
