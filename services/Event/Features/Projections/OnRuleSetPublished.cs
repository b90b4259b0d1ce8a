using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>How far apart two bookings of a donor must be, and how many places a slot may have, by the rules of the day.</summary>
public static class OnRuleSetPublished
{
    public static Task Handle(RuleSetPublished e, Transaction tx)
    {
        tx.WriteAny("""
            insert into event.rule_set (code, rule_set_version, version, valid_from, valid_to, intervals, kind, donors_per_slot, heard_at)
            values (@Code, @RuleSetVersion, @Version, @ValidFrom, @ValidTo, @intervals::jsonb, @kind, @DonorsPerSlot, @now)
            on conflict (code, rule_set_version) do update set version = excluded.version, valid_from = excluded.valid_from, valid_to = excluded.valid_to, intervals = excluded.intervals,
                kind = excluded.kind, donors_per_slot = excluded.donors_per_slot, heard_at = excluded.heard_at
            where excluded.version > rule_set.version
            """, new
            {
                e.Code, e.RuleSetVersion, e.Version, e.ValidFrom, e.ValidTo, intervals = JsonSerializer.Serialize(e.Intervals, Json.Options), kind = e.Kind ?? (e.ValidTo is null ? "base" : "overlay"), e.DonorsPerSlot, now = tx.Now,
            });
        tx.StartJob(ReviewBookings.Kind, new ReviewBookings.Order());
        return Task.CompletedTask;
    }
}
