using BloodPlatform.Recognition.Features.Projections;

namespace BloodPlatform.Recognition.Features.Credits;

/// <summary>A credit line, judged by the rules of the donation's day. What stands is the sum of a donation's lines.</summary>
/// <param name="NationalCounts">With fractions: 300 ml is 1.5.</param>
/// <param name="VolumeMl">Collected ml, as weighed.</param>
/// <param name="Voids">The line that this one takes back, with the same amounts below zero.</param>
public sealed record CreditView(Guid Id, string Din, Guid DonorId, Guid? DriveId, string Procedure, string Outcome, decimal NationalCounts, decimal ProvincialCounts,
    int VolumeMl, int TreatmentUnits, DateTimeOffset CollectedAt, bool Backfilled, Guid? Voids)
{
    internal static readonly string Columns = $"id, din, {Persons.Of("credit.donor_id")} as donor_id, drive_id, procedure, outcome, trim_scale(national_counts) as national_counts, trim_scale(provincial_counts) as provincial_counts, volume_ml, treatment_units, collected_at, backfilled, voids";
}
