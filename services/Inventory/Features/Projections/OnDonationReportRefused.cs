using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>What was reported is no collection: nothing was made of it, and the station may report it anew.</summary>
public static class OnDonationReportRefused
{
    public static Task Handle(DonationReportRefused e, Transaction tx)
    {
        tx.WriteAny("update inventory.donation_report set answered_at = @now, refusal = @Code where id = @ReportId and answered_at is null", new { e.ReportId, e.Code, now = tx.Now });
        return Task.CompletedTask;
    }
}
