using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>When donors are asked by appeal, for how long, and what a booking is worth while too few were measured.</summary>
/// <param name="Levels">Levels of a stock that open an appeal by themselves.</param>
/// <param name="Days">How long it looks ahead for places, and runs at most.</param>
/// <param name="MeasuredDays">Days back over which a station's bookings are measured.</param>
/// <param name="FewestMeasured">Settled bookings, and visits, from which a measured share is believed.</param>
/// <param name="Shown">Share of bookings whose donor comes, where it isn't measured.</param>
/// <param name="Deferred">Share of visits that end without a donation, where it isn't measured.</param>
/// <param name="ProcessingDays">Days from the chair to the shelf, for tests, processing and release: a younger donation is not among the bags that are counted yet.</param>
public sealed record AppealRules(string Version, DateOnly ValidFrom, string Source, string[] Levels, int Days, int MeasuredDays, int FewestMeasured, decimal Shown, decimal Deferred, int ProcessingDays);

/// <summary>What a station's bookings came to.</summary>
/// <param name="Arrived">Bookings whose donor came.</param>
/// <param name="Missed">Bookings whose donor did not.</param>
/// <param name="Visits">Everybody who came, walk-ins included.</param>
/// <param name="WithoutDonation">Deferred or left before the needle.</param>
public sealed record MeasuredBookings(int Arrived, int Missed, int Visits, int WithoutDonation);

/// <summary>How many must be booked so that enough give, and by which figures.</summary>
/// <param name="Shown">Share of bookings whose donor comes.</param>
/// <param name="Deferred">Share of those who then don't give.</param>
/// <param name="ShownOf">Bookings it was measured on; 0: by the rules' default.</param>
/// <param name="DeferredOf">Visits it was measured on; 0: by the rules' default.</param>
public sealed record AppealNeed(int Donations, int Bookings, decimal Shown, decimal Deferred, int ShownOf, int DeferredOf, string Rules);

/// <summary>What an appeal has brought so far.</summary>
/// <param name="Pending">Bookings whose donor is still to come.</param>
/// <param name="Arrived">Bookings whose donor came.</param>
/// <param name="Collected">Donations of them.</param>
/// <param name="OnTheirWay">Those of them that are too young to have become stock.</param>
public sealed record Brought(int Pending, int Arrived, int Collected, int OnTheirWay);

/// <summary>Appeals: for what, how many, and when they are over.</summary>
public static class Appeals
{
    private static readonly AppealRules[] Versions = Load();

    public static readonly string[] BloodGroups = ["O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-"];

    public static AppealRules On(DateOnly day) => Versions.LastOrDefault(v => v.ValidFrom <= day) ?? Versions[0];

    /// <summary>How a component is given. One donation gives one bag of it.</summary>
    public static string ProcedureFor(string component) => component == "platelets-apheresis" ? "apheresis-platelets" : "whole-blood";

    /// <summary>The bookings that bring so many donations, by what the station's bookings came to; by the rules' defaults where too few are known.</summary>
    public static AppealNeed Need(int donations, MeasuredBookings measured, AppealRules rules)
    {
        var settled = measured.Arrived + measured.Missed;
        var shownOf = settled >= rules.FewestMeasured && measured.Arrived > 0 ? settled : 0;
        var deferredOf = measured.Visits >= rules.FewestMeasured && measured.WithoutDonation < measured.Visits ? measured.Visits : 0;
        // One division, of exact numbers: a share that was rounded would ask for one booking too many.
        var (came, booked) = shownOf > 0 ? (measured.Arrived, shownOf) : (rules.Shown, 1m);
        var (gave, visited) = deferredOf > 0 ? (measured.Visits - measured.WithoutDonation, deferredOf) : (1 - rules.Deferred, 1m);
        return new(donations, (int)Math.Ceiling(donations * booked * visited / (came * gave)), Math.Round(came / booked, 3), Math.Round(1 - gave / visited, 3), shownOf, deferredOf, rules.Version);
    }

    /// <summary>The need of a running appeal whose stock is now said to lack so many bags: what came is counted, what is on its way too, and it is never less than was asked.</summary>
    public static AppealNeed Raised(AppealNeed asked, int missing, Brought brought, MeasuredBookings measured, AppealRules rules)
    {
        if (missing <= brought.OnTheirWay) return asked;
        var more = Need(missing - brought.OnTheirWay, measured, rules);
        return brought.Arrived + more.Bookings <= asked.Bookings ? asked : more with { Donations = brought.Collected + more.Donations, Bookings = brought.Arrived + more.Bookings };
    }

    /// <summary>Donations to ask for anew after enough were booked, when the stock is then said to lack so many bags: those that neither are on their way nor may be expected of the bookings.</summary>
    public static int Anew(AppealNeed asked, int missing, Brought brought) =>
        Math.Max(0, missing - brought.OnTheirWay - (int)Math.Floor(brought.Pending * asked.Shown * (1 - asked.Deferred)));

    /// <summary>Why an appeal is over, or null: `recovered`, `met` or `expired`.</summary>
    /// <param name="levels">Of the stocks it is about, as they are now; empty where none of them was low since it runs.</param>
    /// <param name="booked">Bookings that named it and stand.</param>
    public static string? Over(IReadOnlyCollection<string> levels, int needed, int booked, DateTimeOffset until, DateTimeOffset now, AppealRules rules) =>
        levels.Count > 0 && !levels.Any(rules.Levels.Contains) ? "recovered" : booked >= needed ? "met" : now >= until ? "expired" : null;

    private sealed record Documents(AppealRules[] Versions);

    private static AppealRules[] Load()
    {
        using var stream = typeof(Appeals).Assembly.GetManifestResourceStream("Appeals/appeals.json")!;
        return [.. JsonSerializer.Deserialize<Documents>(stream, Json.Options)!.Versions.OrderBy(v => v.ValidFrom)];
    }
}
