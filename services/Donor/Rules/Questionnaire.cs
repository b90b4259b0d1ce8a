using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>The health questions, as data: each says which answer defers, and under which code of the rule set.</summary>
public sealed record Questionnaire(string Code, string Version, DateOnly ValidFrom, Question[] Questions)
{
    /// <summary>
    /// Judges the answers. A deferring or unknown answer outweighs the physician's "fit"; an unknown one records no deferral,
    /// because nobody knows what it would be. An answer that defers from some procedures only (aspirin from platelets) ends the visit where no
    /// procedure is left.
    /// </summary>
    /// <param name="offered">The procedures that the donor may still choose from; all where it is not said.</param>
    /// <returns>422 answers_missing with a pointer per question, else what was found.</returns>
    public (Findings? Findings, Rejection? Rejection) Judge(IReadOnlyDictionary<string, string> answers, bool fitToDonate, RuleSet rules, DateOnly on, IReadOnlyList<string>? offered = null)
    {
        var missing = Questions.Where(q => !answers.ContainsKey(q.Code)).Select(q => new FieldError("/answers/" + q.Code, "answer_missing", q.Text)).ToArray();
        if (missing.Length > 0) return (null, Problems.AnswersMissing.Because($"{missing.Length} of {Questions.Length} questions are not answered", missing));
        var odd = answers.Where(a => a.Value is not ("yes" or "no" or "unknown") || Questions.All(q => q.Code != a.Key)).Select(a => new FieldError("/answers/" + a.Key, "invalid", "A question of the questionnaire, answered yes, no or unknown")).ToArray();
        if (odd.Length > 0) return (null, CommonProblems.Invalid.Because(null, odd));

        var deferring = Questions.Where(q => answers[q.Code] == q.DefersOn).Select(q => q.Deferral).Distinct().Select(code => Checks.Defer(rules, code, on)).ToArray();
        var open = (offered ?? Procedures.All).Any(procedure => deferring.All(d => !rules[d.Code].Concerns(procedure)));
        var reasons = open ? [] : deferring.Select(d => new Reason("deferral", d.Code, d.Until)).ToList();
        if (answers.Values.Contains("unknown")) reasons.Add(new("consultation", "ANSWER_UNKNOWN", null));
        if (!fitToDonate) reasons.Add(new("consultation", "FIT_TO_DONATE", null));
        return (new(reasons, deferring), null);
    }
}

/// <param name="DefersOn">`yes` or `no`.</param>
/// <param name="Deferral">Code of the rule set.</param>
public sealed record Question(string Code, string DefersOn, string Deferral, string Zh, string En)
{
    public string Text => Language.IsChinese ? Zh : En;
}
