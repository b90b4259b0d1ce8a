using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Deferrals;

/// <summary>A deferral with its reason: for stations, nobody else.</summary>
/// <param name="Until">The first date without it; null while no end is known.</param>
/// <param name="Certainty">`final`, `provisional` or `confirmed`.</param>
/// <param name="Origin">`station`, `visit`, `test`, `external`, `late-information` or `earlier`.</param>
/// <param name="Status">`active`, `lifted` or `entered-in-error`: of a visit that was another donor's, or of a finding that was recorded wrong.</param>
public sealed record DeferralView(
    Guid Id, Guid DonorId, string Code, string Message, string? Clause, DateOnly From, DateOnly? Until, string Certainty, string Origin, string Status, string? Note, string? Din, Guid? VisitId,
    DateTimeOffset RecordedAt, DateTimeOffset? LiftedAt, string[] AllowedActions)
{
    /// <param name="rules">Has the words: a deferral that it does not know is told as a laboratory's result.</param>
    internal static DeferralView Of(DeferralFileRow row, SubjectKey key, RuleSet rules)
    {
        var code = key.Open("deferral_code", row.Code);
        var rule = rules.Find(code) ?? rules["TEST_REACTIVE"];
        return new(row.Id, row.DonorId, code, rule.Text, rule.Clause, row.StartsOn, row.EndsOn, row.Certainty, row.Origin, row.LiftedAt is null ? "active" : row.VoidId is null ? "lifted" : "entered-in-error",
            row.Note is null ? null : key.Open("deferral_note", row.Note), row.Din, row.VisitId, row.RecordedAt, row.LiftedAt, row.LiftedAt is null && !row.Reentry ? ["lift"] : []);
    }
}

internal sealed record DeferralFileRow(
    Guid Id, Guid DonorId, long Version, byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, string Certainty, bool Reentry, string Origin, byte[]? Note, string? Din, Guid? VisitId, DateTimeOffset RecordedAt, DateTimeOffset? LiftedAt, byte[] WrappedKey, Guid? VoidId = null)
{
    public const string Select = """
        select f.id, f.donor_id, f.version, f.code, f.starts_on, f.ends_on, f.certainty, f.reentry, f.origin, f.note, f.din, f.visit_id, f.recorded_at, f.lifted_at, k.wrapped_key, coalesce(f.void_id, f.finding_correction_id) as void_id
        from donor.deferral f join donor.subject_key k on k.subject_id = f.donor_id
        """;
}
