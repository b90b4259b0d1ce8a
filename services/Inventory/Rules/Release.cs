using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Rules;

/// <summary>All that decides whether a donation may leave quarantine.</summary>
/// <param name="OpenHolds">Kinds of the holds on the donation or on any of its bags.</param>
/// <param name="Units">Bags that still exist: in quarantine or expired there, not discarded.</param>
/// <param name="Signers">Who has signed so far.</param>
/// <param name="Enterers">Who entered any of its results.</param>
/// <param name="ExternalCheck">What the register beyond this platform says of the donor; null where it was not asked (recorded afterwards, mirrored).</param>
/// <param name="Voided">The donation is none of its donor's.</param>
public sealed record ReleaseState(bool Historic, bool Released, Conclusions Conclusions, string[] OpenHolds, (string Component, DateTimeOffset ExpiresAt)[] Units, Guid[] Signers, Guid[] Enterers, string? ExternalCheck = null, bool Voided = false);

/// <summary>
/// Release of a donation: two people who did not enter its results, every required test non-reactive, nothing held (献血法
/// Art. 10, 13; domain rules 2.6 and 3.3). Fail-closed: what is missing counts as a no.
/// </summary>
public static class Release
{
    /// <summary>Every condition that is not met, not only the first.</summary>
    public static FieldError[] Unmet(ReleaseState state, DateTimeOffset now)
    {
        var unmet = new List<FieldError>();
        if (state.Historic) unmet.Add(new("/status", "historic", "A donation recorded afterwards is never released"));
        if (state.Voided) unmet.Add(new("/status", "voided", "The donation is void: nobody knows whose blood it is"));
        if (state is { Historic: false, ExternalCheck: not (null or "clear") }) unmet.Add(new("/externalCheck", "external_check", state.ExternalCheck == "hit" ? "The donor is deferred elsewhere" : "The external register has not answered about the donor"));
        foreach (var (test, conclusion) in state.Conclusions.ByTest)
            if (conclusion != Conclusions.NonReactive) unmet.Add(new($"/conclusions/{test}", $"test_{conclusion}", conclusion == Conclusions.Pending ? $"{test} has no conclusion yet" : $"{test} is {conclusion}"));
        if (state.Conclusions.Group is null) unmet.Add(new("/bloodGroup", "group_unknown", "The laboratory has not decided the blood group, or it contradicts an earlier one"));
        foreach (var kind in state.OpenHolds.Distinct()) unmet.Add(new("/holds", "held", $"A hold of kind {kind} is open"));
        if (state.Units.Length == 0) unmet.Add(new("/units", "no_components", "No bag of it is in quarantine"));
        else if (state.Units.All(u => u.ExpiresAt < now)) unmet.Add(new("/units", "expired", "Every bag has expired"));
        return [.. unmet];
    }

    /// <summary>What a signature does: the number of signatures it makes (2 releases), or why it is refused.</summary>
    public static (int Signatures, Rejection? No) Sign(ReleaseState state, Guid signer, DateTimeOffset now)
    {
        if (state.Released) return (0, Problems.AlreadyReleased.Because());
        if (state.Enterers.Contains(signer)) return (0, Problems.EnteredResults.Because());
        if (state.Signers.Contains(signer)) return (0, Problems.SameSigner.Because());
        if (Unmet(state, now) is { Length: > 0 } unmet) return (0, Problems.NotReleasable.Because(null, unmet));
        // A first signer who entered results after signing no longer counts.
        return (state.Signers.Except(state.Enterers).Any() ? 2 : 1, null);
    }
}
