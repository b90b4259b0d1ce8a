using System.Text.RegularExpressions;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>
/// What is wrong with a document before it is published: rows that cite no source, that contradict themselves or each other, that
/// decide the same thing twice or leave something undecided, and times that overlap or leave a gap. Each error names its row.
/// </summary>
public static partial class RuleSetCheck
{
    private static readonly string[] Kinds = ["age", "measure", "check", "interval", "interval-exception", "yearly", "volume", "plasma", "tolerance", "bleed-time", "rest-time", "deferral", "reentry"];

    /// <summary>What the platform itself cites: a base without them could not give its reasons.</summary>
    private static readonly string[] Cited = ["RULES_IN_FORCE", "IDENTITY", "CONSENT", "HAND_HYGIENE", "FIT_TO_DONATE", "ANSWER_UNKNOWN", "TEST_REACTIVE", "LATE_INFORMATION", "EXTERNAL_HIT"];

    /// <summary>Between these a document's times lie: what adds a day, or a hundred years, to one of them stays a date.</summary>
    private static readonly (DateOnly First, DateOnly Last) Times = (new(1900, 1, 1), new(2199, 12, 31));

    /// <summary>Days by which lengths are compared: each month's first and last of four years.</summary>
    private static readonly DateOnly[] Calendar = [.. Enumerable.Range(0, 48).SelectMany(m => new[] { new DateOnly(2023, 1, 1).AddMonths(m), new DateOnly(2023, 2, 1).AddMonths(m).AddDays(-1) })];

    /// <param name="today">What holds from an earlier day on would rewrite what was told of it, and could be over before it is said.</param>
    /// <returns>Nothing when it may be published beside what the book holds.</returns>
    public static FieldError[] Errors(RuleDocument document, RuleBook book, DateOnly today)
    {
        var errors = new List<FieldError>();
        if (!DocumentCode().IsMatch(document.Code)) errors.Add(new("/code", "invalid", "Lower-case letters, digits and hyphens"));
        if (!DocumentVersion().IsMatch(document.Version)) errors.Add(new("/version", "invalid", "Letters, digits, dots and hyphens, at most 20"));
        if (document.Zh.Length == 0 || document.En.Length == 0) errors.Add(new("/en", "missing", "A title in zh and en"));
        Holds(document, book, today, errors);
        foreach (var (key, what) in document.Sources ?? []) if (!SourceKey().IsMatch(key) || string.IsNullOrWhiteSpace(what)) errors.Add(new($"/sources/{key}", "invalid", "A key of letters, digits and hyphens, and what it stands for"));
        for (var i = 0; i < document.Rules.Length; i++) Row(document.Rules[i], $"/rules/{i}", document.Sources, errors);
        foreach (var twice in document.Rules.Select((r, i) => (r, i)).GroupBy(x => x.r.Code).SelectMany(g => g.Skip(1))) errors.Add(Of(twice.i, twice.r, "duplicate", "is there already"));
        for (var i = 0; i < (document.Questions?.Length ?? 0); i++) Ask(document.Questions![i], $"/questions/{i}", document, book, errors);
        if (document.Limits?.DonorsPerSlot is < 1) errors.Add(new("/limits/donorsPerSlot", "invalid", "At least one place"));
        if (errors.Count > 0) return [.. errors]; // rows that can't be read alone are not compared with others

        if (document.IsOverlay) Stricter(document, book, errors);
        // Every stretch of dates that the document has a part in must be whole.
        foreach (var rules in book.With(document).Effective.Where(s => document.IsOverlay ? s.Version.Split('+').Contains($"{document.Code}.{document.Version}") : s.Code == document.Code && s.Version.Split('+')[0] == document.Version))
            Whole(rules, document, book, errors);
        return [.. errors.DistinctBy(e => (e.Pointer, e.Code, e.Detail))];
    }

    private static void Holds(RuleDocument document, RuleBook book, DateOnly today, List<FieldError> errors)
    {
        void Bounded(DateOnly? date, string pointer) { if (date < Times.First || date > Times.Last) errors.Add(new(pointer, "invalid", $"A date from {Times.First:yyyy-MM-dd} to {Times.Last:yyyy-MM-dd}")); }
        Bounded(document.ValidFrom, "/validFrom");
        Bounded(document.ValidTo, "/validTo");
        // The first base ever says what held before there was one.
        if (document.ValidFrom < today && book.Documents.Any(d => !d.IsOverlay)) errors.Add(new("/validFrom", "past", $"Begins on {today:yyyy-MM-dd} at the earliest: what held before is told and decided by"));
        if (document.ValidTo < document.ValidFrom) errors.Add(new("/validTo", "contradiction", "Before validFrom"));
        if (document.IsOverlay)
        {
            if (document.ValidTo is null) errors.Add(new("/validTo", "missing", "An overlay has a last date"));
            if (book.Documents.Any(d => d.IsOverlay && d.Code == document.Code && d.ValidFrom >= document.ValidFrom)) errors.Add(new("/validFrom", "overlap", "A version of this overlay begins then or later"));
            if (book.Documents.Any(d => !d.IsOverlay && d.Code == document.Code)) errors.Add(new("/kind", "contradiction", "The code is a base's"));
            return;
        }
        if (book.Documents.Any(d => d.IsOverlay && d.Code == document.Code)) errors.Add(new("/kind", "contradiction", "The code is an overlay's"));
        if (document.Questions is { Length: > 0 }) errors.Add(new("/questions", "contradiction", "Only an overlay asks more than the questionnaire"));
        if (book.Documents.Where(d => !d.IsOverlay).MaxBy(d => d.ValidFrom) is not { } last) return;
        if (document.ValidFrom <= last.ValidFrom || document.ValidFrom <= last.ValidTo) errors.Add(new("/validFrom", "overlap", $"{last.Code} {last.Version} holds {last.ValidFrom:yyyy-MM-dd} to {last.ValidTo?.ToString("yyyy-MM-dd", null) ?? "its successor"}"));
        else if (last.ValidTo is { } end && document.ValidFrom > end.AddDays(1)) errors.Add(new("/validFrom", "gap", $"{last.Code} {last.Version} ends on {end:yyyy-MM-dd}: nothing would hold until {document.ValidFrom:yyyy-MM-dd}"));
    }

    private static void Row(Rule rule, string at, Dictionary<string, string>? sources, List<FieldError> errors)
    {
        void Say(string field, string code, string what) => errors.Add(new(field.Length == 0 ? at : $"{at}/{field}", code, $"{rule.Code}: {what}"));
        void Needs(bool there, string field, string what) { if (!there) Say(field, "missing", what); }
        void Contradicts(bool it, string what) { if (it) Say("", "contradiction", what); }
        if (!RowCode().IsMatch(rule.Code)) Say("code", "invalid", "letters, digits, _ and -, at most 40");
        if (!Kinds.Contains(rule.Kind)) { Say("kind", "invalid", $"one of {string.Join(", ", Kinds)}"); return; }
        Needs(rule.Category.Length > 0, "category", "what the reason is about");
        Needs(rule.Clause.Length > 0, "clause", "the law or standard, with its clause");
        Needs(rule.Source.Length > 0, "source", "where the text was seen");
        if (rule.Source.Length > 0)
            foreach (var key in rule.Sources.Where(key => sources?.ContainsKey(key) is not true)) Say("source", "unknown", $"{key} is none of the document's sources");
        if (rule.Confidence is not ("high" or "medium" or "low")) Say("confidence", "missing", "high, medium or low");
        Needs(rule.Zh.Length > 0, "zh", "the demand in Chinese");
        Needs(rule.En.Length > 0, "en", "the demand in English");
        if (rule.Sex is not (null or "male" or "female")) Say("sex", "invalid", "male or female");
        if (rule.Procedures is { } named && (named.Length == 0 || named.Except(Procedures.All).Any())) Say("procedures", "invalid", string.Join(" or ", Procedures.All));
        Contradicts(rule.AtLeast > rule.AtMost || rule.AtLeast >= rule.Below, "nothing is at least this and not above that");
        Contradicts(rule is { AtMost: not null, Below: not null }, "two upper bounds");
        Contradicts(rule.Years < 0 || rule.Months < 0 || rule.Days < 0 || rule.Years > 100 || rule.Months > 1200 || rule.Days > 36500, "a length of time that no calendar has");
        var lasts = rule.Years + rule.Months + rule.Days > 0;
        switch (rule.Kind)
        {
            case "age":
                Needs(rule.AtLeast is not null || rule.AtMost is not null, "atLeast", "or atMost");
                Contradicts(rule is { AtLeast: not null, AtMost: not null }, "lower and upper age are two rows");
                Contradicts(rule.AtLeast is < 0 or > 150 || rule.AtMost is < 0 or > 150, "an age nobody has");
                if (rule.Donors is not (null or "first-time" or "repeat") || (rule is { Donors: not null, AtMost: null })) Say("donors", "invalid", "first-time or repeat, of an upper age");
                break;
            case "measure":
                Needs(rule.Measure is { Length: > 0 }, "measure", "what is measured");
                Needs(rule.AtLeast is not null || rule.AtMost is not null || rule.Below is not null, "atLeast", "or atMost or below");
                if (rule.Measure is { Length: > 0 } measure && !Checks.Measured.Contains(measure)) Say("measure", "invalid", $"is never measured: one of {string.Join(", ", Checks.Measured)}");
                break;
            case "check":
                // What the platform cites it finds by its code; any other check has to be of something taken.
                if (rule.Measure is { } found && !Cited.Contains(rule.Code) && !Checks.Passed.Contains(found)) Say("measure", "invalid", $"is passed or not by nobody: one of {string.Join(", ", Checks.Passed)}");
                break;
            case "interval":
                if (rule.From is null || !Procedures.All.Contains(rule.From)) Say("from", "invalid", string.Join(" or ", Procedures.All));
                if (rule.To is null || !Procedures.All.Contains(rule.To)) Say("to", "invalid", string.Join(" or ", Procedures.All));
                Needs(lasts, "days", "or months or years");
                break;
            case "interval-exception":
                Needs(rule.Excepts is { Length: > 0 }, "excepts", "the interval it shortens");
                Needs(lasts, "days", "or months or years");
                break;
            case "yearly":
                Needs(rule.Measure == "ml" ? rule.AtMost is > 0 : rule.Count is > 0, rule.Measure == "ml" ? "atMost" : "count", "the limit");
                Contradicts(rule.Measure is not (null or "ml"), "donations are counted or their ml added up");
                Contradicts(rule.Measure == "ml" && rule.UnitMl is null or < 1, "what a treatment unit holds");
                Needs(rule.Days > 0 || rule.CalendarYear, "days", "or calendarYear");
                break;
            case "volume":
                Needs(rule.Values is { Length: > 0 } && rule.Values.All(v => v > 0), "values", "what may be collected");
                break;
            case "plasma":
                Needs(rule.AtMost is > 0, "atMost", "ml");
                Needs(rule.Values is { Length: > 0 } && rule.Values.All(v => v > 0), "values", "the treatment units beside which it may be taken");
                Needs(rule.Deviation is { Length: > 0 }, "deviation", "what more than that is recorded as");
                if (rule.Procedures is not [Procedures.ApheresisPlatelets]) Say("procedures", "invalid", Procedures.ApheresisPlatelets);
                break;
            case "tolerance":
                Needs(rule.Percent is >= 0 and <= 100, "percent", "0 to 100");
                break;
            case "bleed-time":
                Needs(rule.AtMost is > 0, "atMost", "seconds");
                Needs(rule.Restricts is { Length: > 0 } || rule.Deviation is { Length: > 0 }, "restricts", "or deviation");
                break;
            case "rest-time":
                Needs(rule.AtLeast is > 0, "atLeast", "seconds");
                break;
            case "deferral":
                Contradicts(new[] { lasts, rule.Permanent, rule.OpenEnded, rule.UntilInterval }.Count(x => x) > 1, "it lasts for a time, or for ever, or until somebody lifts it, or until the intervals are over");
                Needs(lasts || rule.Permanent || rule.OpenEnded || rule.UntilInterval, "days", "or months, years, openEnded, permanent, untilInterval");
                break;
            case "reentry":
                Needs(rule.Deferrals is { Length: > 0 }, "deferrals", "the deferrals it is for");
                Contradicts(rule.Permanent || rule.OpenEnded, "a criterion that can never be met");
                break;
        }
    }

    private static void Ask(Question question, string at, RuleDocument document, RuleBook book, List<FieldError> errors)
    {
        void Say(string field, string code, string what) => errors.Add(new($"{at}/{field}", code, $"{question.Code}: {what}"));
        if (!RowCode().IsMatch(question.Code)) Say("code", "invalid", "letters, digits, _ and -, at most 40");
        if (question.DefersOn is not ("yes" or "no")) Say("defersOn", "invalid", "yes or no");
        if (question.Zh.Length == 0 || question.En.Length == 0) Say("en", "missing", "the question in zh and en");
        // An earlier version of the same overlay may ask it: that version is over when this one begins.
        var asked = new RuleBook(0, [.. book.Documents.Where(d => d.Code != document.Code)], book.Questionnaires).QuestionnaireOn(document.ValidFrom);
        if (document.Questions!.Count(q => q.Code == question.Code) > 1 || asked.Questions.Any(q => q.Code == question.Code)) Say("code", "duplicate", "is asked already");
        if (document.Rules.All(r => r.Code != question.Deferral || r.Kind != "deferral") && book.Near(document.ValidFrom).Find(question.Deferral) is not { Kind: "deferral" }) Say("deferral", "missing", $"no deferral {question.Deferral}");
    }

    // An overlay only ever forbids more, or one document could quietly undo the law.
    private static void Stricter(RuleDocument overlay, RuleBook book, List<FieldError> errors)
    {
        for (var i = 0; i < overlay.Rules.Length; i++)
        {
            var row = overlay.Rules[i];
            foreach (var rule in book.Documents.Where(d => !d.IsOverlay && !(d.ValidFrom > overlay.ValidTo) && !(d.ValidTo < overlay.ValidFrom)).SelectMany(d => d.Rules).Where(r => r.Code == row.Code))
                if (Weaker(row, rule, code => overlay.Rules.FirstOrDefault(r => r.Code == code) ?? book.Near(overlay.ValidFrom).Find(code)) is { } what) errors.Add(Of(i, row, "contradiction", $"weaker than the rule it overlays: {what}"));
            if (row.Kind is "interval-exception" or "plasma" && book.Near(overlay.ValidFrom).Find(row.Code) is null) errors.Add(Of(i, row, "contradiction", "an overlay excepts nothing"));
            if (row.Kind is "reentry") errors.Add(Of(i, row, "contradiction", "an overlay opens no way back"));
        }
    }

    private static bool Shorter(Rule row, Rule rule) => Calendar.Any(d => (row.EndFrom(d) ?? DateOnly.MaxValue) < (rule.EndFrom(d) ?? DateOnly.MaxValue));

    private static string? Weaker(Rule row, Rule rule, Func<string, Rule?> find) =>
        row.Kind != rule.Kind || row.Measure != rule.Measure || row.From != rule.From || row.To != rule.To || row.Donors != rule.Donors || row.Excepts != rule.Excepts ? "it is about something else"
        : row.Sex is not null && row.Sex != rule.Sex ? "it leaves a sex out"
        : row.Procedures is { } fewer && (rule.Procedures ?? Procedures.All).Except(fewer).Any() ? "it leaves a procedure out"
        : rule.AtLeast is { } least && !(row.AtLeast >= least) ? "atLeast"
        : rule.AtMost is { } most && !(row.AtMost <= most || row.Below <= most) ? "atMost"
        : rule.Below is { } below && !(row.Below <= below || row.AtMost < below) ? "below"
        : rule.Count is { } count && !(row.Count <= count) ? "count"
        : rule.Percent is { } percent && !(row.Percent <= percent) ? "percent"
        : rule.Values is { } values && rule.Kind is "volume" or "plasma" && row.Values!.Except(values).Any() ? "values"
        : rule.Kind == "bleed-time" && row.Values is { } fewerBags && (rule.Values ?? [int.MinValue]).Except(fewerBags).Any() ? "values"
        : rule.UnitMl > (row.UnitMl ?? 0) ? "unitMl"
        : rule.CalendarYear && !row.CalendarYear ? "calendarYear"
        : rule.UnlessReaction && !row.UnlessReaction ? "unlessReaction"
        : (rule.Restricts ?? []).Except(row.Restricts ?? []).Any() ? "restricts"
        : rule.Defers is not null && row.Defers is null ? "defers"
        : rule.Defers is { } was && row.Defers is { } now && was != now && find(was) is { } before && find(now) is { } after && Shorter(after, before) ? "defers"
        : rule.TestDerived && !row.TestDerived ? "testDerived"
        : rule.Permanent && !row.Permanent ? "permanent"
        : (rule.Deferrals ?? []).Except(row.Deferrals ?? []).Any() ? "deferrals"
        : rule.Accepts is { } accepted && (row.Accepts is null || row.Accepts.Except(accepted).Any()) ? "accepts"
        : rule.Kind is "interval" or "interval-exception" or "deferral" or "reentry" or "yearly" && Shorter(row, rule) ? "it is over earlier"
        : null;

    private static void Whole(RuleSet rules, RuleDocument document, RuleBook book, List<FieldError> errors)
    {
        // An error is said of the row that brings it, or of the rows as such where something is not there.
        void Say(Rule? row, string code, string what)
        {
            var i = row is null ? -1 : Array.FindIndex(document.Rules, r => r.Code == row.Code);
            errors.Add(new(i < 0 ? "/rules" : $"/rules/{i}", code, row is null ? what : $"{row.Code}: {what}"));
        }
        Rule Ours(Rule a, Rule b) => document.Rules.Any(r => r.Code == b.Code) ? b : a;

        foreach (var code in Cited) if (rules.Find(code) is null) Say(null, "gap", $"{code}: the platform cites it, and no row says it");
        foreach (var row in rules.Rules.Where(r => r.Defers is not null && rules.Find(r.Defers) is not { Kind: "deferral", UntilInterval: false })) Say(row, "missing", $"no deferral {row.Defers}");
        foreach (var row in rules.OfKind("reentry"))
            foreach (var code in row.Deferrals!.Where(code => rules.Find(code) is not { Kind: "deferral" })) Say(row, "missing", $"no deferral {code}");
        foreach (var question in book.QuestionnaireOn(rules.ValidFrom).Questions.Where(q => rules.Find(q.Deferral) is not { Kind: "deferral", UntilInterval: false })) Say(null, "gap", $"{question.Deferral}: the question {question.Code} defers by it, and no row says how long");
        foreach (var row in rules.OfKind("interval-exception"))
            if (rules.Find(row.Excepts!) is not { Kind: "interval" } excepted) Say(row, "missing", $"no interval {row.Excepts}");
            else if (Calendar.Any(d => row.EndFrom(d) > excepted.EndFrom(d))) Say(row, "contradiction", $"longer than {excepted.Code}, which it should shorten");

        // Twice the same thing: which one counts would depend on the order of rows.
        foreach (var (kind, about) in new (string, Func<Rule, Rule, bool>)[]
        {
            ("measure", (a, b) => a.Measure == b.Measure && SharesProcedure(a, b)), ("check", (a, b) => a.Measure is not null && a.Measure == b.Measure && SharesProcedure(a, b)), ("interval", (a, b) => a.From == b.From && a.To == b.To),
            ("age", (a, b) => a.AtLeast is null == b.AtLeast is null && a.Donors == b.Donors), ("volume", SharesProcedure), ("plasma", SharesProcedure), ("tolerance", (_, _) => true), ("rest-time", (_, _) => true),
        })
        {
            var rows = rules.OfKind(kind);
            for (var i = 0; i < rows.Length; i++)
                for (var j = i + 1; j < rows.Length; j++)
                    if ((rows[i].Sex is null || rows[j].Sex is null || rows[i].Sex == rows[j].Sex) && about(rows[i], rows[j])) Say(Ours(rows[i], rows[j]), "overlap", $"decides the same as {(Ours(rows[i], rows[j]) == rows[j] ? rows[i] : rows[j]).Code}");
        }

        // Nothing at all: somebody would be judged by no rule.
        foreach (var sex in new[] { "male", "female" })
        {
            foreach (var row in rules.OfKind("measure").Where(r => r.Sex is not null && r.Sex != sex && !rules.OfKind("measure").Any(o => o.Measure == r.Measure && o.ConcernsSex(sex)))) Say(row, "gap", $"says nothing of the {sex}");
            foreach (var from in Procedures.All)
                foreach (var to in Procedures.All)
                    if (rules.Interval(from, to, sex) is null) Say(rules.OfKind("interval").FirstOrDefault(r => r.From == from && r.To == to), "gap", $"no interval from {from} to {to} for the {sex}");
            // What the platform takes it would otherwise take in vain: a set that wants nothing of a value says so in a row.
            foreach (var measure in Checks.Taken)
                foreach (var procedure in Checks.OfApheresis.Contains(measure) ? [Procedures.ApheresisPlatelets] : Procedures.All)
                    if (!rules.Rules.Any(r => r.Kind is "measure" or "check" && r.Measure == measure && r.ConcernsSex(sex) && r.Concerns(procedure))) Say(null, "gap", $"no row judges the {measure} of the {sex} for {procedure}");
            if (!rules.OfKind("age").Any(r => r.AtLeast is not null && r.ConcernsSex(sex))) Say(null, "gap", $"no least age for the {sex}");
            var upper = rules.OfKind("age").Where(r => r.AtMost is not null && r.ConcernsSex(sex)).ToArray();
            if (upper.Length == 0) Say(null, "gap", $"no greatest age for the {sex}");
            foreach (var row in upper)
                if (rules.OfKind("age").FirstOrDefault(r => r.AtLeast > row.AtMost && r.ConcernsSex(sex)) is { } least) Say(Ours(least, row), "contradiction", $"nobody is both {least.Code} and {row.Code}");
            if (upper.FirstOrDefault(r => r.Donors == "repeat") is { } repeat && upper.FirstOrDefault(r => r.Donors == "first-time") is { } first && repeat.AtMost < first.AtMost) Say(Ours(first, repeat), "contradiction", "a repeat donor may give no longer than a first-time donor");
        }
        foreach (var procedure in Procedures.All) if (!rules.OfKind("volume").Any(r => r.Concerns(procedure))) Say(null, "gap", $"no volume of {procedure}");
        if (rules.OfKind("tolerance").Length == 0) Say(null, "gap", "no tolerance of what is weighed");
        var offered = rules.OfKind("volume").SelectMany(r => r.Values!).ToHashSet();
        foreach (var row in rules.OfKind("plasma").Where(r => !r.Values!.All(v => rules.OfKind("volume").Any(o => o.Concerns(Procedures.ApheresisPlatelets) && o.Values!.Contains(v))))) Say(row, "contradiction", "treatment units that are never collected");
        foreach (var row in rules.OfKind("bleed-time").Where(r => r.Values is { } values && !values.All(offered.Contains))) Say(row, "contradiction", "a volume that is never collected");
    }

    private static bool SharesProcedure(Rule a, Rule b) => Procedures.All.Any(p => a.Concerns(p) && b.Concerns(p));

    private static FieldError Of(int i, Rule row, string code, string what) => new($"/rules/{i}", code, $"{row.Code}: {what}");

    [GeneratedRegex("^[a-z][a-z0-9-]{1,39}$")]
    private static partial Regex DocumentCode();

    [GeneratedRegex("^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$")]
    private static partial Regex DocumentVersion();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
    private static partial Regex SourceKey();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
    private static partial Regex RowCode();
}
