using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.RuleSets;

/// <summary>What a published version leaves behind, whoever publishes it.</summary>
internal static class Publication
{
    /// <returns>The job that judges every donor anew.</returns>
    public static Guid Write(Transaction tx, RuleDocument document, string text, long position, string by)
    {
        tx.Write("""
            insert into donor.rule_set (code, version, valid_from, valid_to, document, recorded_at, position, kind, published_by) values (@Code, @Version, @ValidFrom, @ValidTo, @text::jsonb, @now, @position, @Kind, @by)
            """, new { document.Code, document.Version, document.ValidFrom, document.ValidTo, document.Kind, text, position, by, now = tx.Now });
        tx.Append(new RuleSetPublished
        {
            Key = document.Code, Version = position, OccurredAt = tx.Now, Code = document.Code, RuleSetVersion = document.Version, ValidFrom = document.ValidFrom, ValidTo = document.ValidTo, Kind = document.Kind,
            Intervals = [.. document.Rules.Where(r => r.Kind == "interval").Select(r => new DonationInterval(r.From!, r.To!, (12 * r.Years) + r.Months, r.Days))],
            DonorsPerSlot = document.Limits?.DonorsPerSlot,
        });
        return tx.StartJob(ReEvaluate.Kind, new ReEvaluate.Order(document.Code, document.Version, position));
    }
}
