using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Rules;

/// <summary>A bag that something is to be done to, and what its donation says of it.</summary>
/// <param name="Restrictions">The collection's.</param>
/// <param name="Labels">Product code and division of every bag of the donation.</param>
public sealed record ParentBag(
    string Component, string Division, decimal? ContentU, decimal? TreatmentUnits, int VolumeMl, bool Irradiated, DateTimeOffset CollectedAt, DateTimeOffset ProducedAt, DateTimeOffset ExpiresAt,
    string? Preservative, string[] Restrictions, string[] Labels);

/// <param name="VolumesMl">Of a split each part, as weighed; else the one bag's, or empty: the usual yield.</param>
/// <param name="Opened">Whether air could reach the blood.</param>
public sealed record ProcessWanted(string Process, DateTimeOffset At, int[] VolumesMl, bool Opened = false);

/// <summary>A bag that comes of another.</summary>
public sealed record ProcessedBag(string Component, string ProductCode, string Division, decimal? ContentU, decimal? TreatmentUnits, int VolumeMl, bool Irradiated, DateTimeOffset ProducedAt, DateTimeOffset ExpiresAt);

/// <summary>
/// From a bag to other bags (domain rules 3.1 and 3.2): no part holds more than there was, and none lasts longer. Only fresh frozen plasma that is relabelled after its year
/// lasts longer than its label said: as long as frozen plasma of that collection.
/// </summary>
public static class Processing
{
    /// <summary>What can be done to such a bag now, as far as its kind and age say.</summary>
    public static string[] Possible(ComponentRules rules, string component, bool irradiated, DateTimeOffset collectedAt, DateTimeOffset expiresAt, DateTimeOffset now) =>
        [.. rules.Processes.Where(p => p.Of.Contains(component) && Untimely(p, irradiated, collectedAt, expiresAt, now) is null).Select(p => p.Code)];

    /// <summary>Either the bags, or why not.</summary>
    public static (ProcessedBag[]? Made, Rejection? No) Of(ComponentRules rules, ParentBag parent, ProcessWanted wanted)
    {
        if (rules.Processes.FirstOrDefault(p => p.Code == wanted.Process && p.Of.Contains(parent.Component)) is not { } process)
            return (null, Problems.ProcessNotApplicable.Because($"{wanted.Process} is for {string.Join(", ", rules.Processes.Where(p => p.Code == wanted.Process).SelectMany(p => p.Of))}"));
        if (Untimely(process, parent.Irradiated, parent.CollectedAt, parent.ExpiresAt, wanted.At) is { } untimely) return (null, untimely);
        if (wanted.At < parent.ProducedAt) return (null, CommonProblems.Invalid.Because(null, new FieldError("/performedAt", "before_production", "It lies before the bag was made")));

        var was = RuleOf(rules, parent.Component);
        var becomes = process.Into is null ? was : RuleOf(rules, process.Into);
        if (parent.Restrictions.FirstOrDefault(becomes.RestrictedBy.Contains) is { } restriction)
            return (null, Problems.ComponentRestricted.Because($"The collection forbids {restriction}"));
        var irradiated = parent.Irradiated || process.Code == "irradiate";
        if ((irradiated ? becomes.IrradiatedCode : becomes.ProductCode) is not { } code) return (null, Problems.ProcessNotApplicable.Because($"There is no irradiated {becomes.Component}"));
        if (wanted.Opened && becomes.OpenedHours is null) return (null, Problems.ProcessNotApplicable.Because($"How long opened {becomes.Component} lasts is not known"));

        int[] volumes = wanted.VolumesMl is [] ? [process.MlPer200 is { } yield && parent.ContentU is { } content ? Math.Min(parent.VolumeMl, (int)(yield * content)) : parent.VolumeMl] : wanted.VolumesMl;
        if (volumes.Sum() > parent.VolumeMl) return (null, Problems.VolumeExceedsUnit.Because($"{volumes.Sum()} ml; the bag holds {parent.VolumeMl} ml"));
        var divisions = Divisions(parent, code, volumes.Length);
        if (divisions is null) return (null, Problems.ProcessNotApplicable.Because("Its division can't be divided further: ISBT 128 has two levels, 26 parts each"));

        // A new product is as old as the process; the same in another bag stays as old as it was.
        var producedAt = process.Into is null ? parent.ProducedAt : wanted.At;
        if (ComponentMaking.ExpiryOf(becomes, parent.Preservative, parent.CollectedAt, producedAt) is not { } life)
            return (null, Problems.PreservativeUnknown.Because($"No shelf life of {becomes.Component} in {parent.Preservative ?? "an unnamed preservative"}"));
        var expiresAt = new[]
        {
            life,
            process.AfterYears is null ? parent.ExpiresAt : life,
            process.ThenDays is { } days ? ComponentMaking.EndOf(Shanghai.DateOf(wanted.At).AddDays(days)) : life,
            wanted.Opened ? wanted.At.AddHours(becomes.OpenedHours!.Value) : life,
        }.Min();
        if (expiresAt < wanted.At) return (null, Problems.UnitState.Because("Its life as that is over"));
        return ([.. volumes.Zip(divisions, (volume, division) => new ProcessedBag(
            becomes.Component, code, division, ShareOf(parent.ContentU, volume, volumes), ShareOf(parent.TreatmentUnits, volume, volumes), volume, irradiated, producedAt, expiresAt))], null);
    }

    /// <summary>Equal parts of a volume; what can't be divided comes to the first.</summary>
    public static int[] EqualParts(int volumeMl, int parts) => [.. Enumerable.Range(0, parts).Select(i => (volumeMl / parts) + (i == 0 ? volumeMl % parts : 0))];

    private static Rejection? Untimely(Process process, bool irradiated, DateTimeOffset collectedAt, DateTimeOffset expiresAt, DateTimeOffset at)
    {
        var collected = Shanghai.DateOf(collectedAt);
        return process switch
        {
            { Code: "irradiate" } when irradiated => Problems.ProcessNotApplicable.Because("It is irradiated"),
            { AfterYears: { } years } => at > ComponentMaking.EndOf(collected.AddYears(years)) ? null : Problems.ProcessNotApplicable.Because($"Only from {collected.AddYears(years).AddDays(1):yyyy-MM-dd} on"),
            _ when expiresAt < at => Problems.UnitState.Because("It has expired"),
            { WithinDays: { } days } when Shanghai.DateOf(at) > collected.AddDays(days) => Problems.ProcessNotApplicable.Because($"Only until {collected.AddDays(days):yyyy-MM-dd}, {days} days after its collection"),
            _ => null,
        };
    }

    /// <summary>A part's share of the content, never rounded up.</summary>
    private static decimal? ShareOf(decimal? whole, int volume, int[] volumes) =>
        whole is null || volumes.Length == 1 ? whole : Math.Floor(whole.Value * 100 * volume / volumes.Sum()) / 100;

    /// <summary>
    /// ISBT 128: `00` is divided into A0, B0 …, and A0 into Aa, Ab …; one bag of one keeps its division. Labels that another bag of the donation has are passed over. Null: none is left.
    /// </summary>
    private static string[]? Divisions(ParentBag parent, string code, int parts)
    {
        IEnumerable<string> Level(string division) => division switch
        {
            "00" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ".Select(c => $"{c}0"),
            [_, '0'] => "abcdefghijklmnopqrstuvwxyz".Select(c => $"{division[0]}{c}"),
            _ => [],
        };
        var candidates = parts == 1 ? Level("00").Prepend(parent.Division) : Level(parent.Division);
        var free = candidates.Where(d => !parent.Labels.Contains(code + d)).Take(parts).ToArray();
        return free.Length == parts ? free : null;
    }

    private static ComponentRule RuleOf(ComponentRules rules, string component) => rules.Components.First(c => c.Component == component);
}
