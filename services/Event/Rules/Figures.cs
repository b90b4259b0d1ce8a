using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>What somebody reported, measure by measure. Volumes in ml, platelets in treatment units, counts in ones.</summary>
public sealed record FigureValues(long? Drives = null, long? Persons = null, long? PersonTimes = null, long? VolumeMl = null, long? TreatmentUnits = null,
    long? StemCellSamples = null, long? StemCellDonations = null, long? YearsWithoutTransfusionInfection = null)
{
    /// <summary>The measures that are stated, by their names in the API.</summary>
    public Dictionary<string, long> Stated() => new (string Name, long? Value)[]
    {
        ("drives", Drives), ("persons", Persons), ("personTimes", PersonTimes), ("volumeMl", VolumeMl), ("treatmentUnits", TreatmentUnits),
        ("stemCellSamples", StemCellSamples), ("stemCellDonations", StemCellDonations), ("yearsWithoutTransfusionInfection", YearsWithoutTransfusionInfection),
    }.Where(m => m.Value is not null).ToDictionary(m => m.Name, m => m.Value!.Value);
}

/// <summary>What a check found in a reported figure. Figures are kept as reported, never corrected.</summary>
public sealed record Finding(string Code, string Detail);

/// <summary>What a year-on-year rate says about the year before; a rate is printed with two decimals, so the answer has a width.</summary>
public sealed record ImpliedYear(int Year, long VolumeMl, long AtLeastMl, long AtMostMl);

/// <summary>Judges reported figures without touching them.</summary>
public static class Figures
{
    public const string Ok = "ok";
    public const string Inconsistent = "reported_inconsistent";
    public const string Exact = "exact";
    public const string About = "about";
    public const string AtLeast = "at-least";

    /// <summary>A collection of whole blood is 200 to 400 ml (Blood Donation Law Art. 9), so the mean of many is too.</summary>
    public const int LeastMl = 200;
    public const int MostMl = 400;

    /// <summary>The first year of the Blood Donation Law (in force 1998-10-01): nobody has a longer record under it.</summary>
    public const int FirstYear = 1998;

    /// <summary>Mean ml per donation; by person-times where they are stated, else by persons. Null when either is missing.</summary>
    public static decimal? MlPerDonation(FigureValues figures) =>
        figures.VolumeMl is { } ml && (figures.PersonTimes ?? figures.Persons) is { } times and > 0 ? Math.Round((decimal)ml / times, 2) : null;

    /// <summary>
    /// Everything odd about a figure. A lower bound proves only one side: a volume of "more than" can't be too small, a count of
    /// "more than" can't make the mean too large.
    /// </summary>
    public static Finding[] Examine(FigureValues figures, IReadOnlyDictionary<string, string> bounds, int? year)
    {
        var findings = new List<Finding>();
        string BoundOf(string measure) => bounds.GetValueOrDefault(measure, Exact);
        if (figures.VolumeMl is { } ml && (figures.PersonTimes ?? figures.Persons) is { } times and > 0)
        {
            var count = figures.PersonTimes is null ? "persons" : "personTimes";
            var mean = MlPerDonation(figures);
            if (ml < LeastMl * times && BoundOf("volumeMl") != AtLeast) findings.Add(new("ml_per_donation_too_low", $"{mean} ml per donation; a collection is at least {LeastMl} ml"));
            if (ml > MostMl * times && BoundOf(count) != AtLeast) findings.Add(new("ml_per_donation_too_high", $"{mean} ml per donation; a collection is at most {MostMl} ml"));
        }
        // Sums of 200, 300 and 400 are multiples of 100: what is not was weighed, and that is the better figure.
        if (figures.VolumeMl is { } volume && volume % 100 != 0 && BoundOf("volumeMl") == Exact) findings.Add(new("partial_collections", "No sum of 200, 300 and 400 ml: partial collections are counted as weighed"));
        if (figures.YearsWithoutTransfusionInfection is { } years && year is { } until && years > until - FirstYear + 1) findings.Add(new("longer_than_the_law", $"Counted from {FirstYear} it can be {until - FirstYear + 1} years at most"));
        return [.. findings];
    }

    /// <summary>The flag of a figure: what a person said of it, unless a check proves it inconsistent.</summary>
    public static string Flag(string? stated, Finding[] findings) =>
        findings.Any(f => f.Code is not "partial_collections") ? Inconsistent : stated ?? Ok;

    /// <summary>
    /// The volume of the year before: volume / (1 + percent / 100), to the nearest ml. The width comes from the percentage's own
    /// rounding (± 0.005).
    /// </summary>
    /// <param name="percent">Greater than −100.</param>
    public static ImpliedYear ImpliedPrevious(int year, long volumeMl, decimal percent)
    {
        decimal Before(decimal rate) => volumeMl / (1 + (rate / 100));
        return new(year - 1, (long)Math.Round(Before(percent), MidpointRounding.AwayFromZero), (long)Math.Ceiling(Before(percent + 0.005m)), (long)Math.Floor(Before(percent - 0.005m)));
    }

    /// <summary>Growth in percent, two decimals; null where the year before has nothing.</summary>
    public static decimal? YearOnYear(long previous, long current) => previous <= 0 ? null : Math.Round(((decimal)current / previous * 100) - 100, 2);

    /// <summary>What can't be a reported figure at all.</summary>
    public static Rejection? Faults(FigureValues figures, IReadOnlyDictionary<string, string> bounds, (DateOnly From, DateOnly To)? period, bool wholeYear, decimal? yearOnYearPercent, DateOnly today)
    {
        var errors = new List<FieldError>();
        var stated = figures.Stated();
        if (stated.Count == 0) errors.Add(new("/figures", "required", "At least one measure"));
        foreach (var (measure, value) in stated)
            if (value is < 0 or > 1_000_000_000_000) errors.Add(new($"/figures/{measure}", "out_of_range", "0 or more"));
        foreach (var (measure, bound) in bounds)
            if (!stated.ContainsKey(measure)) errors.Add(new($"/bounds/{measure}", "unknown", "A bound of a measure that is not stated"));
            else if (bound is not (Exact or About or AtLeast)) errors.Add(new($"/bounds/{measure}", "unknown", "One of: exact, about, at-least"));
        if (period is { } p)
        {
            if (p.To < p.From) errors.Add(new("/period/to", "before_start", "to must not be before from"));
            if (p.From.Year < 1949) errors.Add(new("/period", "too_early", "Before 1949"));
            if (p.From > today) errors.Add(new("/period", "in_the_future", "Only what has happened is reported"));
        }
        if (yearOnYearPercent is { } percent)
        {
            if (percent is <= -100 or > 1000) errors.Add(new("/yearOnYearPercent", "out_of_range", "More than -100, at most 1000"));
            if (!wholeYear || figures.VolumeMl is null) errors.Add(new("/yearOnYearPercent", "no_base", "Needs figures.volumeMl and period.year"));
        }
        return errors.Count == 0 ? null : CommonProblems.Invalid.Because("Not a figure that could have been reported", [.. errors]);
    }
}
