using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>A check failed; here only that it did.</summary>
public static class OnVisitDeferred
{
    public static Task Handle(VisitDeferred e, Transaction tx) => VisitOutcome.Keep(tx, e.VisitId, e.DonorId, e.DriveId, e.AppointmentId, e.Backfilled, "deferred", e.Version);
}
