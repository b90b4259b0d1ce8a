namespace BloodPlatform.Inventory.Rules;

/// <summary>How far back a look-back reaches (domain rules 3.4). It only marks donations: whatever is in date is held, inside or outside.</summary>
public static class LookbackWindow
{
    /// <summary>
    /// The Shanghai date from which donations lie inside; null when all of them do. So many calendar months before the named donation, or the last
    /// one before it that tested negative, whichever is earlier: that one too was given in a window. Where none is known to have been negative, all.
    /// </summary>
    /// <param name="named">The date of the donation by which the case is named. Whatever was given later lies inside.</param>
    /// <param name="donations">The person's, with what their tests said; null where they said nothing yet, or were not done here.</param>
    public static DateOnly? From(LookbackRules rules, DateOnly named, IEnumerable<(DateOnly On, bool? Qualified)> donations)
    {
        var months = named.AddMonths(-rules.Months);
        if (!rules.ToLastNegative) return months;
        var negative = donations.Where(d => d.On < named && d.Qualified == true).Select(d => (DateOnly?)d.On).Max();
        return negative < months ? negative : negative is null ? null : months;
    }
}
