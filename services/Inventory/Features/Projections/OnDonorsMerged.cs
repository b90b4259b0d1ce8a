using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Inventory.Features.Donations;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>
/// Two donors are one person: look-back finds both histories, and blood groups must agree with both. Where one of them was found
/// reactive, or a station looks back on him, what the other gave and is still in date is held in this transaction.
/// </summary>
public static class OnDonorsMerged
{
    public static async Task Handle(DonorsMerged e, Transaction tx)
    {
        var (ids, versions) = Persons.Moved(e.Donors);
        var files = await DonationFile.Load(tx, [], null, forUpdate: true, others: true, donor: e.Survivor, prepare: $"""
            {Persons.Keep}
            insert into inventory.donor_safety (donor_id) select s.id from {Persons.Ids("@person")} as s(id) order by s.id on conflict (donor_id) do nothing;
            """, prepareArgs: new { person = e.Survivor, ids, versions });
        var replayed = await tx.QuerySingle<bool>("select exists (select from inventory.hold where source_id = @MergeId)", new { e.MergeId });
        if (!replayed && files.Safety.Values.Any(s => s.ReactiveSince is not null)) files.AskHospitals(tx, files.PersonOf(e.Survivor), e.MergeId);
        // Those under a reactive id were looked back at when it was found.
        foreach (var file in files.ByDin.Values.Where(f => !replayed && f.Arrived && f.ReactiveBefore && f.Safety!.ReactiveSince is null && f.InDate(tx.Now) && f.Holds.All(h => h.Kind != "lookback")))
            file.Hold(tx, "lookback", e.MergeId);
        files.HoldForLookbacks(tx, files.PersonOf(e.Survivor)); // a case of either is now one of both
        files.HoldForRecalls(tx); // and so is a recall of what either gave
        DonationFile.Save(tx, files.ByDin.Values.Where(f => f.Changed));
    }
}
