namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// What a station reported is no collection of a donor known here; its station reports it anew, put right. Key: report.
/// </summary>
[PublishedBy("donor", HeardBy = ["inventory"])]
public sealed record DonationReportRefused : DomainEvent
{
    public required Guid ReportId { get; init; }
    public required string Din { get; init; }

    /// <summary>`donor_unknown`, `donor_restricted`, `din_used`, `drive_unknown` or `appointment_mismatch`.</summary>
    public required string Code { get; init; }
}
