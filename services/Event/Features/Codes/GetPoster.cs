using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>
/// GET /v1/drives/{id}/poster.svg?channel=&amp;appId=: an A4 sheet to print (210 by 297 mm), in Chinese, with the channel's code; with `appId` the image that opens that
/// app's mini-program stands beside it.
/// </summary>
public static class GetPoster
{
    private const int CharactersPerLine = 17;
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/poster.svg", Handle).Allow("drives", Roles.Organiser, Roles.Station)
        .Produces<string>(200, "image/svg+xml").WithSummary("A4 poster of a drive for a channel");

    private static Task<Results<ContentHttpResult, ProblemHttpResult>> Handle(Guid id, [FromQuery, Required, RegularExpression("[a-z0-9-]{1,40}")] string channel, [FromQuery] Guid? appId, Caller caller, Database db, IConfiguration configuration, CancellationToken ct) =>
        db.InTransaction<Results<ContentHttpResult, ProblemHttpResult>>(async tx =>
        {
            var (drive, organiser) = await tx.Read($"{DriveRow.ById}; select o.name from event.organisation o join event.drive d on d.organisation_id = o.id where d.id = @id", new { id },
                async grid => (await grid.ReadSingleOrDefaultAsync<DriveRow>(), await grid.ReadSingleOrDefaultAsync<string>()));
            if (drive is null) return CommonProblems.Unknown(id);
            if (!drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            var code = await DriveCode.For(tx, id, channel);
            MiniProgramImage? mini = null;
            if (appId is not null)
            {
                mini = await tx.QuerySingle<MiniProgramImage>(MiniProgramImage.Select, new { code, appId });
                if (mini is null) return CommonProblems.Invalid.With("The app has stored no image for this code", new FieldError("appId", "no_image", "PUT /v1/codes/{code}/mini-program stores it"));
            }
            return TypedResults.Text(Svg(drive, organiser!, DriveCode.Url(configuration, code), mini), "image/svg+xml");
        }, ct);

    private static string Svg(DriveRow drive, string organiser, string url, MiniProgramImage? mini)
    {
        var (path, size) = QrImage.Of(url);
        string[] lines = [.. DriveTime.Lines(drive.StartsAt, drive.EndsAt), .. Broken(drive.VenueName), .. Broken(drive.VenueAddress), .. Broken("主办：" + organiser)];
        var (left, side) = mini is null ? (60, 90) : (17, 84);
        var scale = ((double)side / size).ToString("0.####", CultureInfo.InvariantCulture);
        var text = string.Concat(lines.Select((line, i) => string.Create(CultureInfo.InvariantCulture, $"""<text x="105" y="{108 + i * 11}" font-size="8">{Encoder.Encode(line)}</text>""")));
        var title = string.Concat(Broken(drive.Theme ?? "无偿献血").Take(2).Select((line, i) => string.Create(CultureInfo.InvariantCulture, $"""<text x="105" y="{40 + i * 18}" font-size="{(drive.Theme is { Length: > 10 } ? 11 : 15)}" fill="#fff">{Encoder.Encode(line)}</text>""")));
        var beside = mini is null ? "" : string.Create(CultureInfo.InvariantCulture, $"""<image x="109" y="180" width="84" height="84" href="data:{mini.MediaType};base64,{Convert.ToBase64String(mini.Image)}"/><text x="151" y="276" font-size="6">{Encoder.Encode($"在「{mini.Name}」中预约")}</text>""");
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="297mm" viewBox="0 0 210 297" text-anchor="middle" font-family="'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','WenQuanYi Zen Hei',sans-serif" lang="zh-CN">
            <rect width="210" height="297" fill="#fff"/><rect width="210" height="88" fill="#b3122b"/>
            {title}<text x="105" y="78" font-size="8" fill="#fff">请携带本人有效身份证件原件</text>
            {text}
            <g transform="translate({left} 180) scale({scale})"><path d="{path}" shape-rendering="crispEdges"/></g>
            <text x="{left + side / 2}" y="276" font-size="{(mini is null ? 8 : 6)}">扫码了解活动并预约</text>{beside}<text x="105" y="286" font-size="4.5" fill="#555">{Encoder.Encode(url)}</text>
            </svg>
            """;
    }

    /// <summary>SVG breaks no lines by itself. At most two; what does not fit ends with an ellipsis.</summary>
    private static IEnumerable<string> Broken(string text)
    {
        var lines = text.Chunk(CharactersPerLine).Select(c => new string(c)).ToArray();
        return lines.Length <= 2 ? lines : [lines[0], lines[1][..^1] + "…"];
    }
}
