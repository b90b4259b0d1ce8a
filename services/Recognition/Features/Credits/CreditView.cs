namespace BloodPlatform.Recognition.Features.Credits;

/// <summary>One donation's credit line, judged by the rules of its day.</summary>
/// <param name="NationalCounts">With fractions: 300 ml is 1.5.</param>
/// <param name="VolumeMl">Collected ml, as weighed.</param>
public sealed record CreditView(Guid Id, string Din, Guid DonorId, Guid? DriveId, string Procedure, string Outcome, decimal NationalCounts, decimal ProvincialCounts,
    int VolumeMl, int TreatmentUnits, DateTimeOffset CollectedAt, bool Backfilled)
{
    internal const string Columns = "id, din, donor_id, drive_id, procedure, outcome, trim_scale(national_counts) as national_counts, trim_scale(provincial_counts) as provincial_counts, volume_ml, treatment_units, collected_at, backfilled";
}
