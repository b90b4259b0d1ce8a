namespace BloodPlatform.Recognition.Rules;

/// <summary>What a collection is worth.</summary>
public static class Counting
{
    /// <summary>
    /// Counts of one donation (次): whole blood by volume, platelets by treatment units, an abandoned collection nothing.
    /// A bag within tolerance of its nominal volume counts as that volume, a smaller one as what was weighed, a larger one never
    /// more than its nominal volume (over-volume is a deviation, not a merit; 献血法 Art. 9).
    /// </summary>
    /// <param name="rules">The version in force on the donation's Shanghai date.</param>
    /// <param name="procedure">`whole-blood` or `apheresis-platelets`.</param>
    /// <param name="nominalMl">200, 300 or 400; null when only the weight was reported.</param>
    /// <param name="collectedMl">As weighed.</param>
    /// <exception cref="ArgumentOutOfRangeException">A procedure that no award rule speaks of (plasma, granulocytes): nobody guesses.</exception>
    public static decimal CountsOf(AwardRules rules, string procedure, int? nominalMl, int collectedMl, int treatmentUnits, string outcome)
    {
        if (outcome == "abandoned") return 0;
        var counts = procedure switch
        {
            "whole-blood" => (decimal)CreditedMl(rules, nominalMl ?? collectedMl, collectedMl) / rules.MlPerCount.Value,
            "apheresis-platelets" => treatmentUnits * rules.CountsPerTreatmentUnit.Value,
            _ => throw new ArgumentOutOfRangeException(nameof(procedure), procedure, "no award rule says what it counts"),
        };
        return rules.FractionsAccumulate.Value ? counts : decimal.Floor(counts);
    }

    private static int CreditedMl(AwardRules rules, int nominalMl, int collectedMl) =>
        collectedMl >= nominalMl * rules.FullFromShareOfNominal.Value ? nominalMl : collectedMl;

    /// <summary>A total as it is printed and compared with thresholds: whole counts.</summary>
    public static int Total(IEnumerable<decimal> counts) => (int)decimal.Floor(counts.Sum());
}
