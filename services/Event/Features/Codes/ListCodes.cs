using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>A channel's code. `miniPrograms`: the apps that stored the image which opens theirs at it.</summary>
public sealed record ChannelCodeView(string Channel, string Code, string Url, Guid[] MiniPrograms);

/// <summary>GET /v1/drives/{id}/codes: of the channels that have one, to those who run the drive, and to apps, which draw their mini-program's image for each.</summary>
public static class ListCodes
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/codes", Handle).Allow("drives", Roles.Organiser, Roles.Station, Roles.App)
        .WithSummary("The codes of a drive, by channel");

    private static async Task<Results<Ok<Page<ChannelCodeView>>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, IConfiguration configuration, CancellationToken ct)
    {
        if (await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct) is not { } drive) return CommonProblems.Unknown(id);
        if (caller.Is(Roles.App) ? !drive.IsReadableBy(caller) : !drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
        var codes = await db.Query<Found>("select c.channel, c.code, array(select m.app_id from event.mini_program_code m where m.code = c.code order by m.app_id) as apps from event.code c where c.drive_id = @id order by c.channel", new { id }, ct);
        return TypedResults.Ok(new Page<ChannelCodeView>([.. codes.Select(c => new ChannelCodeView(c.Channel, c.Code, DriveCode.Url(configuration, c.Code), c.Apps))], null));
    }

    private sealed record Found(string Channel, string Code, Guid[] Apps);
}
