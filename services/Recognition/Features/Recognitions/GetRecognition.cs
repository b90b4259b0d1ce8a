using BloodPlatform.Chassis;
using BloodPlatform.Recognition.Features.Projections;
using BloodPlatform.Recognition.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Recognition.Features.Recognitions;

/// <summary>A donor's thanks so far, of all his registrations together.</summary>
/// <param name="DonorId">The donor who stands for the person, where the one asked for was merged.</param>
/// <param name="Donations">Collections that were not abandoned.</param>
/// <param name="VolumeMl">Collected ml, as weighed, abandoned collections included: the blood left the donor.</param>
/// <param name="Years">Calendar years (Shanghai) in which the donor gave.</param>
public sealed record RecognitionView(Guid DonorId, int Donations, int VolumeMl, int TreatmentUnits, CountsView Counts, int Years, decimal VolunteerHours,
    DateOnly? FirstDonationOn, DateOnly? LastDonationOn, HonourView[] Honours, NextLevelView[] Next);

/// <summary>Whole counts by the award rules of the day of each donation.</summary>
public sealed record CountsView(int National, int Provincial);

public sealed record HonourView(string Award, string Title, string Level, DateOnly ReachedOn, RuleSetView RuleSet);

public sealed record NextLevelView(string Award, string Title, string Level, int Threshold, int Counts, int Missing, RuleSetView RuleSet);

public sealed record RuleSetView(string Code, string Version);

/// <summary>GET /v1/recognitions/{donorId}</summary>
public static class GetRecognition
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/recognitions/{donorId:guid}", Handle)
        .Allow("recognitions", Roles.Station, Roles.App)
        .WithSummary("What a donor is thanked for: donations, counts, honours, and what comes next");

    private static async Task<Results<Ok<RecognitionView>, ProblemHttpResult>> Handle(Guid donorId, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        var rows = await db.Query<Row>($"""
            select {Persons.Of("@donorId")} as person_id, d.acted_for, c.din, c.collected_at, c.outcome, c.volume_ml, c.treatment_units, c.national_counts, c.provincial_counts
            from (select count(*) > 0 as known, coalesce(bool_or(@app = any(apps)), false) as acted_for from recognition.donor where donor_id in {Persons.Ids("@donorId")}) d
            left join recognition.credit c on c.donor_id in {Persons.Ids("@donorId")} and c.voids is null and not exists (select from recognition.credit v where v.voids = c.id)
            where d.known or c.id is not null
            """, new { donorId, app = caller.TenantId }, ct);
        if (rows.Count == 0) return CommonProblems.Unknown(donorId);
        if (caller.Is(Roles.App) && !rows[0].ActedFor) return CommonProblems.NotFound.With();

        var credited = rows.Where(r => r.Din is not null).ToList();
        var given = credited.Where(r => r.Outcome != "abandoned").ToList();
        var days = given.Select(r => Shanghai.DateOf(r.CollectedAt!.Value)).Order().ToList();
        Credit[] credits = [.. credited.Select(r => new Credit(r.Din!, r.CollectedAt!.Value, r.NationalCounts!.Value, r.ProvincialCounts!.Value))];
        return TypedResults.Ok(new RecognitionView(rows[0].PersonId, given.Count, credited.Sum(r => r.VolumeMl!.Value), credited.Sum(r => r.TreatmentUnits!.Value),
            new CountsView(Counting.Total(credits.Select(c => c.NationalCounts)), Counting.Total(credits.Select(c => c.ProvincialCounts))),
            days.Select(d => d.Year).Distinct().Count(), VolunteerHours: 0, days.Count > 0 ? days[0] : null, days.Count > 0 ? days[^1] : null,
            [.. Honours.Reached(AwardCatalogue.Shipped, credits).Select(h => new HonourView(h.Rules.Award, In(h.Rules.Title), h.Level, Shanghai.DateOf(h.ReachedAt), Cite(h.Rules)))],
            [.. Honours.Next(AwardCatalogue.Shipped, credits, Shanghai.DateOf(clock.GetUtcNow())).Select(n => new NextLevelView(n.Rules.Award, In(n.Rules.Title), n.Level, n.Threshold, n.Counts, n.Missing, Cite(n.Rules)))]));
    }

    private static RuleSetView Cite(AwardRules rules) => new(rules.Award, rules.Version);

    private static string In(AwardTitle title) => Language.IsChinese ? title.Zh : title.En;

    // A donor who has not given has one row without a credit; one whose registration has not arrived has no app that acts for him.
    private sealed record Row(Guid PersonId, bool ActedFor, string? Din, DateTimeOffset? CollectedAt, string? Outcome, int? VolumeMl, int? TreatmentUnits, decimal? NationalCounts, decimal? ProvincialCounts);
}
