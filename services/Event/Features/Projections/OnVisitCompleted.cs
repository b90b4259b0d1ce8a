using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>The donor rested and left.</summary>
public static class OnVisitCompleted
{
    public static Task Handle(VisitCompleted e, Transaction tx) => VisitOutcome.Keep(tx, e.VisitId, e.DonorId, e.DriveId, e.AppointmentId, e.Backfilled, "completed", e.Version);
}
