using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>The donor left before collection.</summary>
public static class OnVisitAbandoned
{
    public static Task Handle(VisitAbandoned e, Transaction tx) => VisitOutcome.Keep(tx, e.VisitId, e.DonorId, e.DriveId, e.AppointmentId, e.Backfilled, "abandoned", e.Version);
}
