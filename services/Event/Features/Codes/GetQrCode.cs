using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>GET /v1/drives/{id}/qr.svg?channel=: the code of a channel (class group, public account, poster, friend) as an image, to those who run the drive.</summary>
public static class GetQrCode
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/qr.svg", Handle).Allow("drives", Roles.Organiser, Roles.Station)
        .Produces<string>(200, "image/svg+xml").WithSummary("QR code of a drive for a channel");

    private static Task<Results<ContentHttpResult, ProblemHttpResult>> Handle(Guid id, [FromQuery, Required, RegularExpression("[a-z0-9-]{1,40}")] string channel, Caller caller, Database db, IConfiguration configuration, CancellationToken ct) =>
        db.InTransaction<Results<ContentHttpResult, ProblemHttpResult>>(async tx =>
        {
            if (await tx.Read(DriveRow.ById, new { id }, grid => grid.ReadSingleOrDefaultAsync<DriveRow>()) is not { } drive) return CommonProblems.Unknown(id);
            if (!drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            return TypedResults.Text(QrImage.Svg(DriveCode.Url(configuration, await DriveCode.For(tx, id, channel))), "image/svg+xml");
        }, ct);
}
