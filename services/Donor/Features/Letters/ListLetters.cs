using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Letters;

/// <summary>What the station tells a donor about a deferral of his, in words to hand over or read out.</summary>
/// <param name="Until">The first date on which he may give again as far as this is concerned; null while no end is known.</param>
public sealed record LetterView(string Code, string Text, string Clause, DateOnly From, DateOnly? Until);

/// <summary>
/// GET /v1/donors/{id}/letters: a donor's own reasons reach him through the station and no other way (Blood Donation Law Art. 9: who is unfit is told
/// why; PIPL Art. 44, 48). A person answers for each.
/// </summary>
public static class ListLetters
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donors/{id:guid}/letters", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician", "quality").WithSummary("What a donor is told about his deferrals");

    private static async Task<Results<Ok<Page<LetterView>>, ProblemHttpResult>> Handle(Guid id, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<Page<LetterView>>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.Read(DonorFile.Unlocked, new { donorId = id }, grid => DonorFile.Read(grid, vault, books)) is not { } donor) return CommonProblems.Unknown(id);
            if (donor.Restricted) return Problems.Restricted();
            var (today, chinese) = (Shanghai.DateOf(tx.Now), CultureInfo.CurrentUICulture.TwoLetterISOLanguageName == "zh");
            tx.Audit("donor.letters", $"donors/{id}");
            return TypedResults.Ok(new Page<LetterView>([.. donor.Facts.Deferrals.Where(d => d.Until is not { } end || end > today).OrderBy(d => d.Until ?? DateOnly.MaxValue).Select(d =>
            {
                var rules = donor.Book.Near(today);
                var rule = rules.Find(d.Code) ?? rules["TEST_REACTIVE"];
                var text = chinese ? $"感谢您参加无偿献血。自{d.From:yyyy年M月d日}起您暂不宜献血：{rule.Zh}。{(d.Until is { } end ? $"{end:yyyy年M月d日}起可再次献血。" : "是否及何时可再次献血，请向血站医师咨询。")}（依据：{rule.Clause}）"
                    : $"Thank you for wanting to give blood. From {d.From:yyyy-MM-dd} on you should not give: {rule.En}. {(d.Until is { } last ? $"You may give again from {last:yyyy-MM-dd}." : "Please ask the station's physician whether and when you may give again.")} ({rule.Clause})";
                return new LetterView(d.Code, text, rule.Clause, d.From, d.Until);
            })], null));
        }, ct);
}
