using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.TestRuns;

/// <summary>
/// What a donation's conclusions do, whenever they change: when rows come, and when a donation arrives for which rows were kept.
/// Everything in the transaction of the fact, so that no moment exists in which a reactive donation is not held.
/// </summary>
internal static class TestEffects
{
    /// <param name="pooled">A pool that it is in turned out reactive: held whatever its own rows say.</param>
    public static void Apply(Transaction tx, DonationFile file, Files files, Caller? caller, bool pooled = false)
    {
        var conclusions = file.Conclusions;
        if ((conclusions.Alarming || pooled) && file.Holds.All(h => h.Kind != "test" || h.UnitId is not null)) file.Hold(tx, "test", tx.NewId(), caller);

        if (conclusions.Group is { } group && file.Row.BloodGroup != group)
        {
            file.Row.BloodGroup = group;
            foreach (var unit in file.Units) unit.BloodGroup ??= group;
            tx.WriteAny("update inventory.unit set blood_group = @group where din = @Din and blood_group is null", new { group, file.Din });
        }

        if (!file.Arrived) return; // the donor is not known yet: the rest happens when the donation arrives

        // Of a void donation nobody knows whose group it is.
        if (conclusions.Group is { } known && file.Row.VoidedAt is null && file.Safety is { BloodGroup: null } safety)
        {
            safety.BloodGroup = known;
            tx.Write("update inventory.donor_safety set blood_group = @known where donor_id = @DonorId", new { known, safety.DonorId });
        }

        // Of a void donation too: whose blood it was, Donor knows or will. His other bags under this id are held as if the result had come first; quality looks.
        foreach (var test in file.Scheme.Tests.Where(t => t.DeferralCode is not null && conclusions.ByTest[t.Test] == Conclusions.Reactive))
        {
            Require(tx, file, files, test, "provisional", caller);
            // A marker that reacts again in a retest is confirmed. Two clean retests refute nothing here: the donor's way back is a re-entry case.
            if (test.Lookback && file.Results.Exists(r => r.Test == test.Test && r.PoolId is null && r.Round is "retest-a" or "retest-b" && r.Outcome == "reactive" && r.ControlsValid)) Require(tx, file, files, test, "confirmed", caller);
        }

        if (conclusions.Complete && file.Row.TestedQualified != conclusions.Qualified)
        {
            file.Row.TestedQualified = conclusions.Qualified;
            file.Append(tx, version => new DonationTested
            {
                Key = file.Din, Version = version, OccurredAt = tx.Now, StationId = file.Row.StationId, Din = file.Din, DonorId = file.Row.DonorId!.Value, Qualified = conclusions.Qualified,
            });
        }
    }

    /// <summary>The donor is deferred at once and provisionally, later for good; where the test looks back, his other blood in date is held too. Each once per donation and code.</summary>
    private static void Require(Transaction tx, DonationFile file, Files files, RequiredTest test, string certainty, Caller? caller)
    {
        if (file.DeferralsRequired.Exists(r => r.Code == test.DeferralCode && r.Certainty == certainty)) return;
        var id = tx.NewId();
        var donorId = file.Row.DonorId!.Value;
        file.DeferralsRequired.Add(new RequirementRow { Din = file.Din, Code = test.DeferralCode!, Certainty = certainty });
        tx.Write("insert into inventory.deferral_requirement (id, din, donor_id, code, certainty, required_at) values (@id, @Din, @donorId, @code, @certainty, @now)", new { id, file.Din, donorId, code = test.DeferralCode, certainty, now = tx.Now });
        file.Append(tx, version => new DonorDeferralRequired
        {
            Key = file.Din, Version = version, OccurredAt = tx.Now, StationId = file.Row.StationId,
            RequirementId = id, DonorId = donorId, Din = file.Din, DeferralCode = test.DeferralCode!, Certainty = certainty,
        });
        if (!test.Lookback) return;
        tx.Write("update inventory.donor_safety set reactive_since = coalesce(reactive_since, @now) where donor_id = @donorId", new { now = tx.Now, donorId });
        if (file.Safety is { ReactiveSince: null } safety) safety.ReactiveSince = tx.Now;
        foreach (var other in files.ByDin.Values.Where(o => o != file && o.Arrived && o.Row.PersonId == file.Row.PersonId && o.InDate(tx.Now) && o.Holds.All(h => h.Kind != "lookback")))
            other.Hold(tx, "lookback", id, caller);
        files.AskHospitals(tx, file.Row.PersonId!.Value, id);
    }
}
