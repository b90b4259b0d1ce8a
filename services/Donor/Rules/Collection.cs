using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>What is collected and into what (Blood Donation Law Art. 9, GB 18467-2011 chapter 9).</summary>
public static class Collection
{
    /// <summary>Whole blood has a nominal volume that the rule set lists, platelets have treatment units; never both. 422 volume_not_allowed.</summary>
    public static Rejection? Volume(RuleSet rules, string procedure, int? nominalMl, int? treatmentUnits)
    {
        var volume = rules.OfKind("volume").Single(r => r.Concerns(procedure));
        var whole = procedure == Procedures.WholeBlood;
        var (given, other, pointer, otherPointer) = whole ? (nominalMl, treatmentUnits, "/nominalMl", "/treatmentUnits") : (treatmentUnits, nominalMl, "/treatmentUnits", "/nominalMl");
        if (given is not { } value || !volume.Values!.Contains(value)) return Problems.VolumeNotAllowed.Because($"{volume.Text} ({volume.Clause})", new FieldError(pointer, "volume_not_allowed", $"One of {string.Join(", ", volume.Values!)}"));
        return other is null ? null : Problems.VolumeNotAllowed.Because($"{procedure} has no {otherPointer[1..]}", new FieldError(otherPointer, "volume_not_allowed", "Not with this procedure"));
    }

    /// <summary>Plasma is taken beside platelets where a rule says so, and no more of it. 422 volume_not_allowed.</summary>
    /// <param name="plasmaMl">Planned ml; null is none.</param>
    public static Rejection? Plasma(RuleSet rules, string procedure, int? treatmentUnits, int? plasmaMl) =>
        plasmaMl is null || WithinPlasma(PlasmaRule(rules, procedure), treatmentUnits, plasmaMl.Value) ? null
        : Problems.VolumeNotAllowed.Because(PlasmaRule(rules, procedure) is { } rule ? $"{rule.Text} ({rule.Clause})" : $"{procedure} has no plasmaMl", new FieldError("/plasmaMl", "volume_not_allowed", "More than may be taken"));

    /// <summary>What was taken was taken: more plasma than is allowed is a deviation, and holds the donation.</summary>
    public static string[] PlasmaDeviations(RuleSet rules, string procedure, int? treatmentUnits, int? plasmaMl) =>
        plasmaMl is null || WithinPlasma(PlasmaRule(rules, procedure), treatmentUnits, plasmaMl.Value) ? [] : [PlasmaRule(rules, procedure)?.Deviation ?? "volume-out-of-tolerance"];

    private static Rule? PlasmaRule(RuleSet rules, string procedure) => rules.OfKind("plasma").FirstOrDefault(r => r.Concerns(procedure));

    private static bool WithinPlasma(Rule? rule, int? treatmentUnits, int plasmaMl) => rule is not null && treatmentUnits is { } units && rule.Values!.Contains(units) && plasmaMl <= rule.AtMost;

    /// <summary>A bag is used up to the last day printed on it. 422 bag_expired.</summary>
    public static Rejection? Bag(DateOnly expiresOn, DateOnly on) =>
        expiresOn >= on ? null : Problems.BagExpired.Because($"The bag expired on {expiresOn:yyyy-MM-dd}", new FieldError("/bag/expiresOn", "bag_expired", "Before the day of the collection"));

    /// <summary>Every scan must be of the same number, whatever its form. 409 din_mismatch.</summary>
    public static Rejection? Scans(string din, string? bagScan, IReadOnlyList<string> tubeScans)
    {
        FieldError? Check(string? scan, string pointer) => scan is not null && Din.Parse(scan).Din == din ? null : new FieldError(pointer, "din_mismatch", "Bears another number, or none");
        FieldError[] errors = [.. new[] { bagScan is null ? null : Check(bagScan, "/bagScan") }.Concat(tubeScans.Select((scan, i) => Check(scan, $"/sampleTubeScans/{i}"))).OfType<FieldError>()];
        return errors.Length == 0 ? null : Problems.DinMismatch.Because("Bag, tubes and record must bear one number", errors);
    }

    /// <summary>
    /// What deviates and what may not be made of it. Weighed outside the tolerance of the nominal volume is a deviation and holds
    /// the donation; a long bleed restricts the components; a short one is only recorded.
    /// </summary>
    public static (string[] Deviations, string[] Restrictions) Outcome(RuleSet rules, string outcome, int? nominalMl, int? collectedMl, TimeSpan bleed)
    {
        var deviations = new List<string>();
        var tolerance = rules.OfKind("tolerance").Single().Percent!.Value / 100;
        if (nominalMl is { } nominal && collectedMl is { } collected && Math.Abs(collected - nominal) > nominal * tolerance) deviations.Add("volume-out-of-tolerance");
        if (outcome == "abandoned") deviations.Add("collection-abandoned");
        var slow = nominalMl is null ? [] : rules.OfKind("bleed-time").Where(r => (r.Values is null || r.Values.Contains(nominalMl.Value)) && (decimal)bleed.TotalSeconds > r.AtMost).ToArray();
        deviations.AddRange(slow.Select(r => r.Deviation).OfType<string>());
        return ([.. deviations.Distinct()], [.. slow.SelectMany(r => r.Restricts ?? []).Distinct()]);
    }
}
