using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>How the page behind a code opens the app: a link in which `{code}` stands for the code.</summary>
public sealed record SetLaunchTemplateRequest(
    [property: StringLength(20, MinimumLength = 1)] string Name,
    [property: StringLength(300), RegularExpression(@"(https|weixin|alipays)://[^\s""'<>]*\{code\}[^\s""'<>]*")] string Template);

public sealed record LaunchTemplateView(string Name, string Template);

/// <summary>PUT /v1/codes/launch-template: by a partner app, its own.</summary>
public static class SetLaunchTemplate
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPut("/v1/codes/launch-template", Handle)
        .Allow("appointments", Roles.App).WithSummary("Sets how the page behind a code opens the app");

    private static Task<Ok<LaunchTemplateView>> Handle(SetLaunchTemplateRequest request, Caller caller, Database db, CancellationToken ct) => db.InTransaction(tx =>
    {
        tx.Write("""
            insert into event.launch_template (app_id, name, template, changed_at) values (@app, @Name, @Template, @now)
            on conflict (app_id) do update set name = excluded.name, template = excluded.template, changed_at = excluded.changed_at
            """, new { app = caller.Tenant, request.Name, request.Template, now = tx.Now });
        tx.Audit("launch-template.set", $"app/{caller.Tenant}");
        return Task.FromResult(TypedResults.Ok(new LaunchTemplateView(request.Name, request.Template)));
    }, ct);
}
