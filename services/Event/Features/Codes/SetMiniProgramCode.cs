using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace BloodPlatform.Drives.Features.Codes;

public sealed record MiniProgramCodeView(string Code, Guid AppId, string Name);

/// <summary>
/// PUT /v1/codes/{code}/mini-program?name=: by a partner app, the image that opens its mini-program with the code as its scene, as PNG or JPEG. Only the mini-program's
/// platform can draw it, and only for that app. The page behind the code shows it, and a poster on which it is asked for.
/// GET /v1/codes/{code}/mini-program/{appId}: the image, for the page.
/// </summary>
public static class SetMiniProgramCode
{
    /// <summary>Octets; a code of 1280 pixels, the largest that is drawn, has about 200,000. [assumption]</summary>
    public const int Most = 256 * 1024;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPut("/v1/codes/{code}/mini-program", Set).Allow("appointments", Roles.App)
            .WithSummary("Stores the image that opens the app's mini-program at a code").WithDescription("The body is the image, image/png or image/jpeg, of at most 256 KiB");
        app.MapGet("/v1/codes/{code}/mini-program/{appId:guid}", Get).Public().Produces<byte[]>(200, "image/png", "image/jpeg")
            .WithSummary("The image that opens an app's mini-program at a code");
    }

    private static async Task<Results<Ok<MiniProgramCodeView>, ProblemHttpResult>> Set(string code, [FromQuery, Required, StringLength(20, MinimumLength = 1)] string name, HttpRequest http, Caller caller, Database db, CancellationToken ct)
    {
        if (http.ContentType is not ("image/png" or "image/jpeg")) return CommonProblems.UnsupportedMediaType.With("Send image/png or image/jpeg");
        var image = new byte[Most + 1];
        var length = await http.Body.ReadAtLeastAsync(image, image.Length, throwOnEndOfStream: false, ct);
        if (length > Most) return CommonProblems.BodyTooLarge.With("An image has at most 256 KiB");
        image = image[..length];
        if (MediaTypeOf(image) is not { } mediaType) return CommonProblems.Invalid.With("Send the image's octets", new FieldError("", "not_an_image", "Neither PNG nor JPEG"));
        return await db.InTransaction<Results<Ok<MiniProgramCodeView>, ProblemHttpResult>>(async tx =>
        {
            var drive = await tx.Read($"select {DriveRow.Columns} from event.code c join event.drive d on d.id = c.drive_id join event.organisation o on o.id = d.organisation_id where c.code = @code", new { code }, grid => grid.ReadSingleOrDefaultAsync<DriveRow>());
            if (drive is null || !DriveCode.Shows(drive)) return CommonProblems.NotFound.With();
            tx.Write("""
                insert into event.mini_program_code (code, app_id, name, media_type, image, changed_at) values (@code, @app, @name, @mediaType, @image, @now)
                on conflict (code, app_id) do update set name = excluded.name, media_type = excluded.media_type, image = excluded.image, changed_at = excluded.changed_at
                """, new { code, app = caller.Tenant, name, mediaType, image, now = tx.Now });
            tx.Audit("mini-program-code.set", $"code/{code}", new { length });
            return TypedResults.Ok(new MiniProgramCodeView(code, caller.Tenant, name));
        }, ct);
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> Get(string code, Guid appId, HttpContext http, Database db, CancellationToken ct)
    {
        if (await db.QuerySingle<MiniProgramImage>(MiniProgramImage.Select, new { code, appId }, ct) is not { } found) return CommonProblems.NotFound.With();
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "public, max-age=300";
        return TypedResults.File(found.Image, found.MediaType);
    }

    /// <summary>By its first octets (PNG: ISO/IEC 15948 5.2; JPEG: ISO/IEC 10918-1 B.1.1.3), whatever the sender calls it: a browser is shown nothing else.</summary>
    private static string? MediaTypeOf(ReadOnlySpan<byte> image) =>
        image.StartsWith<byte>([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) ? "image/png" : image.StartsWith<byte>([0xFF, 0xD8, 0xFF]) ? "image/jpeg" : null;
}

internal sealed record MiniProgramImage(string Name, string MediaType, byte[] Image)
{
    /// <summary>Takes @code, @appId.</summary>
    public const string Select = "select name, media_type, image from event.mini_program_code where code = @code and app_id = @appId";
}
