using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appeals;

/// <param name="Donations">Donations that are needed; how many bookings that takes is reckoned.</param>
/// <param name="Until">When it ends at the latest: within 30 days.</param>
/// <param name="Districts">Six digits each, a whole city by its own code; none: wherever the station has places.</param>
public sealed record OpenAppealRequest(
    [property: AllowedValues("whole-blood", "apheresis-platelets")] string Procedure,
    [property: MinLength(1), MaxLength(8)] IReadOnlyList<string> BloodGroups,
    [property: Range(1, 100_000)] int Donations,
    DateTimeOffset Until,
    [property: StringLength(80, MinimumLength = 1)] string? Reason = null,
    [property: MaxLength(20)] IReadOnlyList<string>? Districts = null);

/// <summary>POST /v1/appeals: by a station, before or beside those that its stock opens. Refused where nobody could book: what to schedule is in the answer.</summary>
public static class OpenAppeal
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/appeals", Handle)
        .Allow("drives", Roles.Station).Creates()
        .WithSummary("Asks donors of blood groups to come, where places are");

    private static Task<Results<Made<AppealView>, ProblemHttpResult>> Handle(OpenAppealRequest request, Caller caller, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<AppealView>, ProblemHttpResult>>(async tx =>
        {
            var errors = new List<FieldError>();
            for (var i = 0; i < request.BloodGroups.Count; i++)
            {
                if (!Rules.Appeals.BloodGroups.Contains(request.BloodGroups[i])) errors.Add(new($"/bloodGroups/{i}", "invalid", "One of " + string.Join(" ", Rules.Appeals.BloodGroups)));
                else if (request.BloodGroups.Take(i).Contains(request.BloodGroups[i])) errors.Add(new($"/bloodGroups/{i}", "repeated", "Each group once"));
            }
            var districts = request.Districts?.ToArray() ?? [];
            for (var i = 0; i < districts.Length; i++)
                if (!Rules.Districts.Possible(districts[i])) errors.Add(new($"/districts/{i}", "invalid", "Six digits"));
            if (request.Until <= tx.Now || request.Until > tx.Now + Longest) errors.Add(new("/until", "outside", "Ahead, and within 30 days"));
            if (errors.Count > 0) return CommonProblems.Invalid.With("The appeal cannot be opened as it is", [.. errors]);

            var rules = Rules.Appeals.On(Shanghai.DateOf(tx.Now));
            var running = (await AskedGroup.Of(tx, caller.Tenant)).FindAll(g => g.Running && g.Procedure == request.Procedure && request.BloodGroups.Contains(g.BloodGroup));
            if (running.Count > 0) return Problems.AppealRunning.With(null, [.. running.Select(g => new FieldError($"/bloodGroups/{request.BloodGroups.ToList().IndexOf(g.BloodGroup)}", "appeal_running", g.AppealId.ToString()))]);
            var need = Rules.Appeals.Need(request.Donations, await Reach.Measured(tx, caller.Tenant, rules), rules);
            var reach = await Reach.Of(tx, caller.Tenant, request.Procedure, districts, request.Until);
            if (reach.Drives.Count == 0) return NothingBookable(need, reach);

            // Where a stock is low it ends when that has recovered; as a precaution it lasts. What the stock says later may raise it.
            var stocks = await StockNow.Of(tx, caller.Tenant, request.Procedure, [.. request.BloodGroups]);
            var low = stocks.FindAll(s => rules.Levels.Contains(s.Level)).MinBy(s => s.DaysOfCover);
            var appeal = AppealRow.New(tx, caller.Tenant, "station", request.Procedure, [.. request.BloodGroups], districts, need, request.Until)
                with { Reason = request.Reason, Level = low?.Level, DaysOfCover = low?.DaysOfCover };
            appeal.Insert(tx, stocks);
            appeal = appeal.Open(tx, reach.Drives);
            tx.Audit("appeal.open", $"appeals/{appeal.Id}");
            return Answers.Created($"/v1/appeals/{appeal.Id}", appeal.Version, appeal.ViewFor(caller, reach.Drives, new(0, 0, 0, 0, 0, 0, []), Reach.Schedule(need.Bookings, reach)));
        }, ct);

    private static ProblemHttpResult NothingBookable(AppealNeed need, (List<AppealDrive> Drives, List<AppealDrive> Unopened, List<AppealSite> Sites) reach)
    {
        var schedule = Reach.Schedule(need.Bookings, reach)!;
        return Problems.NothingBookable.With($"Schedule {schedule.Places} places first: whoever followed the appeal would find none",
        [
            .. schedule.Unopened.Select(d => new FieldError("", "open_drive", $"{d.DriveId} at {d.VenueName}, {Shanghai.DateOf(d.StartsAt):yyyy-MM-dd}: approved, {d.Places} places")),
            .. schedule.Sites.Select(s => new FieldError("", "schedule_at", $"{s.SiteId} {s.Name}: {s.PlacesPerHour} places an hour, {s.Hours} hours")),
        ]);
    }
}
