using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Rules;

/// <summary>
/// Shelf lives, yields, test schemes, stock levels, look-back windows, recalls and who may be given what: dated documents with their source and how sure it is, under
/// Data/Parameters. A fact is judged by the version in force on its day.
/// </summary>
public static class Parameters
{
    private static readonly ComponentRules[] Components = Read<ComponentRules>("components.json");
    private static readonly TestScheme[] Schemes = Read<TestScheme>("test-schemes.json");
    private static readonly StockRules[] Stocks = Read<StockRules>("stock-levels.json");
    private static readonly LookbackRules[] Lookbacks = Read<LookbackRules>("lookbacks.json");
    private static readonly AllocationRules[] Allocations = Read<AllocationRules>("allocation.json");
    private static readonly RecallRules[] Recalls = Read<RecallRules>("recalls.json");
    private static readonly ReactionRules[] Reactions = Read<ReactionRules>("reactions.json");

    public static readonly string[] BloodGroups = ["O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-"];

    public static ComponentRules ComponentsOn(DateOnly day) => On(Components, day);

    /// <summary>What the sandbox's stations use, and who has chosen none.</summary>
    public const string DefaultScheme = "sandbox";

    public static readonly string[] TestSchemes = [.. Schemes.Select(s => s.Scheme).Distinct()];

    public static TestScheme SchemeOn(DateOnly day, string scheme = DefaultScheme) => On([.. Schemes.Where(s => s.Scheme == scheme)], day);

    public static StockRules StockOn(DateOnly day) => On(Stocks, day);

    public static LookbackRules LookbackOn(DateOnly day) => On(Lookbacks, day);

    public static AllocationRules AllocationOn(DateOnly day) => On(Allocations, day);

    public static RecallRules RecallOn(DateOnly day) => On(Recalls, day);

    public static ReactionRules ReactionOn(DateOnly day) => On(Reactions, day);

    private static T On<T>(T[] versions, DateOnly day) where T : IDated => versions.LastOrDefault(v => v.ValidFrom <= day) ?? versions[0];

    private static T[] Read<T>(string name) where T : IDated
    {
        using var stream = typeof(Parameters).Assembly.GetManifestResourceStream("Parameters/" + name) ?? throw new InvalidOperationException($"{name} is not embedded");
        return [.. JsonSerializer.Deserialize<Versions<T>>(stream, Json.Options)!.List.OrderBy(v => v.ValidFrom)];
    }

    private sealed record Versions<T>([property: System.Text.Json.Serialization.JsonPropertyName("versions")] T[] List);
}

/// <summary>A document in force from a Shanghai date on, until the next version.</summary>
public interface IDated
{
    DateOnly ValidFrom { get; }
}

/// <param name="AdditiveMlPer200">Anticoagulant and additive that products may hold beyond what was drawn, ml per 200 ml.</param>
public sealed record ComponentRules(string Version, DateOnly ValidFrom, string Source, int AdditiveMlPer200, ComponentRule[] Components, Recipe[] Recipes, Process[] Processes) : IDated;

/// <summary>One product: which procedure gives it, how much, how long it lasts.</summary>
/// <param name="ProductCode">Local code of ST-001's national range (D0001 …) until a licensed product database is at hand.</param>
/// <param name="RestrictedBy">Restrictions of a collection that forbid it.</param>
/// <param name="MlPer200">Volume per 200 ml drawn.</param>
/// <param name="MlPerTreatmentUnit">Volume per treatment unit (platelets).</param>
/// <param name="WithinHours">From the end of the collection until it must be made; field knowledge, confidence high: fresh frozen plasma at most 18 h.</param>
/// <param name="IrradiatedCode">Its product code once it is irradiated; null: it never is.</param>
/// <param name="OpenedHours">How long it lasts once its system was opened; null: it never is opened.</param>
/// <param name="Transport">What it may have in a box or vehicle, where that is more than in storage.</param>
/// <param name="OnlyFrom">The process that alone makes it, of another bag; null: it is made of a donation.</param>
public sealed record ComponentRule(
    string Component, string Name, string ProductCode, string Procedure, string[] RestrictedBy, ShelfLife[] ShelfLives, StorageRule Storage, int? MlPer200 = null, int? MlPerTreatmentUnit = null, int? WithinHours = null,
    string? IrradiatedCode = null, int? OpenedHours = null, string? OnlyFrom = null, TemperatureRange? Transport = null);

/// <summary>How it is kept, degrees Celsius (WS 399, domain rules 3.1).</summary>
/// <param name="FromC">Null: no lower limit.</param>
/// <param name="In">The kinds of places where it is kept: `refrigerator`, `freezer`, `agitator`, `room`.</param>
public sealed record StorageRule(decimal ToC, string[] In, decimal? FromC = null);

/// <param name="FromC">Degrees Celsius; null: no lower limit.</param>
public sealed record TemperatureRange(decimal ToC, decimal? FromC = null);

/// <summary>What may be done to a bag later, which makes others of it.</summary>
/// <param name="Code">`split`, `wash`, `irradiate`, `thaw` or `relabel`.</param>
/// <param name="Into">The component that it becomes; null: it stays what it is.</param>
/// <param name="MlPer200">What is left of it, ml per 200 ml drawn; null: all.</param>
/// <param name="WithinDays">Days from collection, the last included, until which it may be done.</param>
/// <param name="ThenDays">Days that it lasts afterwards at most.</param>
/// <param name="AfterYears">Years from collection after which it may be done, and then also to a bag whose own life is over.</param>
public sealed record Process(
    [property: System.Text.Json.Serialization.JsonPropertyName("process")] string Code, string[] Of, string Source, string Confidence, string? Into = null, int? MlPer200 = null, int? WithinDays = null, int? ThenDays = null, int? AfterYears = null);

/// <summary>Days and years count from the collection's Shanghai date (day 0) to the end of the last day; hours from production.</summary>
public sealed record ShelfLife(string Source, string Confidence, string[]? Preservatives = null, int? Days = null, int? Years = null, int? Hours = null);

/// <summary>What one donation is made into: one bag for each entry.</summary>
public sealed record Recipe([property: System.Text.Json.Serialization.JsonPropertyName("recipe")] string Code, string Procedure, string[] Components);

/// <summary>Which tests a donation needs and how rows become a conclusion.</summary>
/// <param name="Scheme">What its versions share; a station chooses one by name.</param>
public sealed record TestScheme(string Scheme, string Version, DateOnly ValidFrom, string Source, RequiredTest[] Tests) : IDated;

/// <param name="Kind">`marker` (the outcome decides), `limit` (the value decides, at most <paramref name="Limit"/> passes) or `group` (the value is the group).</param>
/// <param name="DeferralCode">What Donor is asked for when it is reactive; names no marker.</param>
/// <param name="Lookback">Whether a reactive result also holds the donor's other donations.</param>
/// <param name="Rounds">Rounds that each must be clean; none named: a row without round concludes, or a first and a second.</param>
/// <param name="DifferentReagents">Whether the rounds must be of different reagent lots; a lot that was not recorded is no different one.</param>
public sealed record RequiredTest(string Test, string Kind, decimal? Limit = null, string? DeferralCode = null, bool Lookback = false, string[]? Rounds = null, bool DifferentReagents = false);

/// <param name="DemandDays">Days of issues over which the mean demand is taken.</param>
/// <param name="RiseMargin">How far above a threshold, as a share of it, a level is better again.</param>
/// <param name="WorseBy">How many more bags must be missing than were last said, as a share of them, for a level that stays to be said again.</param>
/// <param name="BandsHours">Bands of remaining life in which stock is shown, hours, upwards.</param>
public sealed record StockRules(string Version, DateOnly ValidFrom, string Source, int DemandDays, decimal RiseMargin, decimal WorseBy, int[] BandsHours, StockLevels[] Levels) : IDated
{
    /// <summary>Those of a component.</summary>
    public StockLevels Of(string component) => Levels.FirstOrDefault(l => l.Components.Contains(component)) ?? Levels.First(l => l.Components.Length == 0);
}

/// <summary>Days of cover from which each level holds; below orange is red. No components named: all others.</summary>
public sealed record StockLevels(string[] Components, decimal Normal, decimal Blue, decimal Yellow, decimal Orange);

/// <param name="Months">Calendar months before the named donation.</param>
/// <param name="ToLastNegative">Whether it also reaches back to the last donation that tested negative.</param>
public sealed record LookbackRules(string Version, DateOnly ValidFrom, string Source, string Confidence, int Months, bool ToLastNegative) : IDated;

/// <summary>Who may be given what: orders of choice by group, whom scarce groups are kept for, what special needs ask of a bag.</summary>
public sealed record AllocationRules(string Version, DateOnly ValidFrom, string Source, CompatibilityClass[] Classes, RhdRules Rhd, SpecialNeed[] SpecialNeeds) : IDated
{
    public CompatibilityClass Of(string component) => Classes.First(c => c.Components.Contains(component));
}

/// <summary>Components that are chosen alike.</summary>
/// <param name="Abo">For a patient's ABO group the groups he may be given, best first.</param>
/// <param name="RhdMatters">False for plasma and what is made of it.</param>
/// <param name="ProtectedGroups">Given to other groups only where the order's urgency is one of <paramref name="ProtectedFor"/>.</param>
/// <param name="ReservedHours">How long after the time of need bags stay reserved, hours.</param>
/// <param name="MinimumRemainingHours">What a bag must have left to live at the time of need, hours.</param>
public sealed record CompatibilityClass(
    string[] Components, string Source, string Confidence, IReadOnlyDictionary<string, string[]> Abo, bool RhdMatters, string[] ProtectedGroups, string[] ProtectedFor, int ReservedHours, int MinimumRemainingHours);

/// <param name="NegativeToPositive">Urgencies in which RhD negative blood, scarce, goes to RhD positive patients.</param>
/// <param name="PositiveToNegative">Urgencies in which a physician may have RhD positive blood given to an RhD negative patient.</param>
/// <param name="RefusedToFemalesUpTo">Never to females up to this age, years; nor where sex or age is not known.</param>
/// <param name="RefusedToAnyUpTo">Never to anybody up to this age, years.</param>
/// <param name="RefusedWithAntibodies">Antibodies with which RhD positive blood is never given, whatever the patient's group.</param>
public sealed record RhdRules(string[] NegativeToPositive, string[] PositiveToNegative, int RefusedToFemalesUpTo, int RefusedToAnyUpTo, string[] RefusedWithAntibodies, string Source, string Confidence);

/// <param name="Components">What must be ordered for it; null: any.</param>
/// <param name="MaximumAgeDays">Days from collection to the time of need.</param>
public sealed record SpecialNeed([property: System.Text.Json.Serialization.JsonPropertyName("need")] string Code, string Source, string Confidence, string[]? Components = null, bool Irradiated = false, int? MaximumAgeDays = null);

/// <param name="DeadlineHours">Within which every bag is to be located, and hospitals are to answer.</param>
/// <param name="LargestScope">Donations that one case may reach: they are held in one transaction.</param>
public sealed record RecallRules(string Version, DateOnly ValidFrom, string Source, string Confidence, int DeadlineHours, int LargestScope) : IDated;

/// <param name="Holding">Kinds of reactions that hold what is left of the donation.</param>
/// <param name="Unless">Imputabilities with which they do not.</param>
public sealed record ReactionRules(string Version, DateOnly ValidFrom, string Source, string Confidence, string[] Holding, string[] Unless) : IDated
{
    public bool Hold(string kind, string imputability) => Holding.Contains(kind) && !Unless.Contains(imputability);
}
