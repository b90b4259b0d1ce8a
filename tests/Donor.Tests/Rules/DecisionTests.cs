using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>What was kept of a judgement is enough to make it again.</summary>
public sealed class DecisionTests
{
    private static readonly DateOnly Day = new(2026, 3, 5);
    private static readonly DonorFacts Donor = new(new(1990, 5, 20), "female", [new(new(2026, 2, 1), Procedures.WholeBlood, 396)], [new("T01", new(2026, 3, 4), new(2026, 3, 7))], new(2026, 2, 1), [new("INTERVAL_PLT_PLT_HLA", Day)]);
    private static Dictionary<string, string> Answers(params string[] deferring) => Release.Book.QuestionnaireOn(Day).Questions.ToDictionary(q => q.Code, q => deferring.Contains(q.Code) == (q.DefersOn == "yes") ? "yes" : "no");

    private static string Judge(DecisionInput input)
    {
        var outcome = Decision.Text(Decision.Judge(Release.Book, Release.Rules, input));
        var again = Decision.Text(Decision.Judge(Release.Book, Release.Rules, Decision.Input(Decision.Text(input))));
        Assert.Equal(outcome, again);
        return outcome;
    }

    [Fact]
    public void A_donor_is_turned_away_only_where_nothing_offered_is_open()
    {
        var tooth = Donor with { Donations = [] };
        Assert.Equal("""{"reasons":[{"code":"deferral","rule":"T01","until":"2026-03-07"}],"deferrals":[],"pass":false}""", Judge(new(Day, tooth, Procedures.All)));
        Assert.Equal("""{"reasons":[],"deferrals":[],"pass":true}""", Judge(new(Day.AddDays(2), tooth, Procedures.All)));
        var aspirin = Donor with { Donations = [], Deferrals = [new("T20", Day, Day.AddDays(5))] };
        Assert.Contains("\"pass\":true", Judge(new(Day, aspirin, Procedures.All)), StringComparison.Ordinal);
        Assert.Contains("T20", Judge(new(Day, aspirin, [Procedures.ApheresisPlatelets])), StringComparison.Ordinal);
        Assert.Contains("""{"code":"interval","rule":"INTERVAL_WB_WB","until":"2026-08-01"}""", Judge(new(Day, Donor, [Procedures.WholeBlood])), StringComparison.Ordinal);
    }

    [Fact]
    public void Values_answers_and_conditions_are_judged_as_the_steps_judge_them()
    {
        Assert.Equal("""{"reasons":[{"code":"pretest","rule":"HB_FEMALE","until":"2026-06-05"}],"deferrals":[{"code":"T32-haemoglobin","from":"2026-03-05","until":"2026-06-05"}],"pass":false}""", Judge(new(Day, Sex: "female", Values: new() { ["haemoglobinGl"] = 114.9m })));
        Assert.Contains("\"pass\":true", Judge(new(Day, Sex: "female", Values: new() { ["haemoglobinGl"] = 115 })), StringComparison.Ordinal);
        Assert.Equal("""{"reasons":[{"code":"hygiene","rule":"HAND_HYGIENE"}],"deferrals":[],"pass":false}""", Judge(new(Day, Failed: "HAND_HYGIENE")));
        Assert.Contains("T14", Judge(new(Day, Questionnaire: new("cn-donor-health", "1"), Answers: Answers("tattoo"), FitToDonate: true)), StringComparison.Ordinal);
        Assert.Contains("FIT_TO_DONATE", Judge(new(Day, Questionnaire: new("cn-donor-health", "1"), Answers: Answers(), FitToDonate: false)), StringComparison.Ordinal);
        Assert.Contains("\"pass\":true", Judge(new(Day, Questionnaire: new("cn-donor-health", "1"), Answers: Answers(), FitToDonate: true)), StringComparison.Ordinal);
        Assert.Contains("\"pass\":true", Judge(new(Day, Procedures: [Procedures.WholeBlood], Questionnaire: new("cn-donor-health", "1"), Answers: Answers("aspirin"), FitToDonate: true)), StringComparison.Ordinal);
        Assert.Contains("\"pass\":false", Judge(new(Day, Procedures: [Procedures.ApheresisPlatelets], Questionnaire: new("cn-donor-health", "1"), Answers: Answers("aspirin"), FitToDonate: true)), StringComparison.Ordinal);
    }
}
