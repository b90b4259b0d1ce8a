using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace BloodPlatform.Chassis;

/// <summary>The program that calls, and the person who answers for the act where one signed in.</summary>
/// <param name="TenantId">The organisation the client acts for; null for authority and admin.</param>
/// <param name="Districts">GB/T 2260 codes an authority is limited to.</param>
public sealed record Caller(string ClientId, string Role, Guid? TenantId, IReadOnlyCollection<string> Scopes, IReadOnlyCollection<string> Districts, Staff? Staff)
{
    public bool Is(string role) => Role == role;

    /// <summary>The tenant of a role that must have one.</summary>
    public Guid Tenant => TenantId ?? throw new InvalidOperationException($"Role {Role} has no tenant");

    public static Caller From(ClaimsPrincipal principal, Staff? staff) => new(
        principal.FindFirstValue("client_id") ?? principal.FindFirstValue("sub") ?? throw new InvalidOperationException("a token without client_id"),
        principal.FindFirstValue("role") ?? "",
        Guid.TryParse(principal.FindFirstValue("tenant"), out var tenant) ? tenant : null,
        (principal.FindFirstValue("scope") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
        (principal.FindFirstValue("districts") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries), staff);
}

/// <summary>A person who signed in with number and PIN; short-lived.</summary>
public sealed record Staff(Guid Id, string Number, IReadOnlyCollection<string> Functions)
{
    public bool Has(string function) => Functions.Contains(function);
}

/// <summary>What an endpoint demands; every endpoint states it or is public, and a test fails for one that does neither.</summary>
/// <param name="Scope">Of several, separated by spaces, one is enough.</param>
public sealed record AccessRule(string Scope, string[] Roles);

/// <summary>The functions of which the acting member of staff needs one.</summary>
public sealed record StaffRule(string[] Functions);

/// <summary>The policies endpoints are written with.</summary>
public static class Access
{
    public const string Audience = "blood-platform";
    public const string StaffAudience = "blood-platform-staff";
    internal const string StaffHeader = "Acting-Staff";

    /// <summary>A client with one of the roles and the scope.</summary>
    public static TBuilder Allow<TBuilder>(this TBuilder endpoint, string scope, params string[] roles) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AccessRule(scope, roles)).RequireAuthorization("access");

    /// <summary>A person must answer for it, with one of the functions (Acting-Staff).</summary>
    public static TBuilder ByStaff<TBuilder>(this TBuilder endpoint, params string[] functions) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new StaffRule(functions));

    /// <summary>No token.</summary>
    public static TBuilder Public<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.AllowAnonymous();

    /// <summary>400 without an Idempotency-Key: collection, release, issue, money.</summary>
    public static TBuilder NeedsIdempotencyKey<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new IdempotencyRule(true, false));

    /// <summary>The key is ignored: the POST only reads or hands out a token.</summary>
    public static TBuilder IgnoresIdempotencyKey<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new IdempotencyRule(false, true));

    /// <summary>Success is 201, for the API description.</summary>
    public static TBuilder Creates<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new CreatesMetadata());

    internal static void AddAccess(this IServiceCollection services, string issuer)
    {
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        // Brought along for cookies, which nobody has here: it would keep keys in the user's home and read them at each start.
        foreach (var warming in services.Where(s => s.ImplementationType?.Name == "DataProtectionHostedService").ToList()) services.Remove(warming);
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<KeySet>((jwt, keys) =>
        {
            jwt.MapInboundClaims = false;
            jwt.ConfigurationManager = keys;
            jwt.RequireHttpsMetadata = false;
            jwt.TokenValidationParameters = Parameters(issuer, Audience);
            jwt.Events = new JwtBearerEvents
            {
                OnAuthenticationFailed = failed => { failed.NoResult(); return Task.CompletedTask; },
            };
        });
        services.AddAuthorization(options =>
        {
            options.AddPolicy("access", policy => policy.AddRequirements(new AccessRequirement()));
            options.FallbackPolicy = new AuthorizationPolicyBuilder().RequireAssertion(_ => false).Build(); // no policy, no way in
        });
        services.AddHttpContextAccessor();
        services.AddSingleton<IAuthorizationHandler, AccessHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessProblems>();
        services.AddSingleton(sp => new StaffTokens(issuer, sp.GetRequiredService<KeySet>()));
        services.AddScoped<Request>();
        services.AddScoped(sp => sp.GetRequiredService<Request>().Caller ?? throw new InvalidOperationException("A public endpoint has no caller"));
    }

    internal static TokenValidationParameters Parameters(string issuer, string audience) => new()
    {
        ValidIssuer = issuer, ValidAudience = audience, ValidateIssuerSigningKey = true, NameClaimType = "sub", RoleClaimType = "role",
        ValidAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256], ClockSkew = TimeSpan.FromSeconds(10),
    };
}

/// <summary>What the chassis knows of the current request; empty in consumers and jobs.</summary>
public sealed class Request
{
    public Caller? Caller { get; internal set; }

    public IdempotentRequest? Idempotency { get; internal set; }
}

internal sealed class AccessRequirement : IAuthorizationRequirement;

internal sealed class AccessFailure(IAuthorizationHandler handler, ProblemCode problem, string detail) : AuthorizationFailureReason(handler, problem.Code)
{
    public ProblemCode Problem => problem;

    public string Detail => detail;
}

internal sealed class AccessHandler(StaffTokens staffTokens) : AuthorizationHandler<AccessRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, AccessRequirement requirement)
    {
        if (context.User.Identity is not { IsAuthenticated: true } || context.Resource is not HttpContext http) return;
        var metadata = http.GetEndpoint()!.Metadata;
        var rule = metadata.GetRequiredMetadata<AccessRule>();
        var caller = Caller.From(context.User, null);
        if (!rule.Roles.Contains(caller.Role)) { context.Fail(new AccessFailure(this, CommonProblems.RoleForbidden, $"Allowed: {string.Join(", ", rule.Roles)}")); return; }
        if (!rule.Scope.Split(' ').Any(caller.Scopes.Contains)) { context.Fail(new AccessFailure(this, CommonProblems.ScopeRequired, $"Scope needed: {rule.Scope}")); return; }

        var staff = http.Request.Headers[Access.StaffHeader].ToString() is { Length: > 0 } token ? await staffTokens.Read(token, caller.TenantId) : null;
        if (metadata.GetMetadata<StaffRule>() is { } demand)
        {
            if (staff is null) { context.Fail(new AccessFailure(this, CommonProblems.StaffRequired, "Send a staff token of your tenant in Acting-Staff (POST /v1/staff/sessions)")); return; }
            if (!demand.Functions.Any(staff.Has)) { context.Fail(new AccessFailure(this, CommonProblems.StaffFunctionRequired, $"One of: {string.Join(", ", demand.Functions)}")); return; }
        }
        http.RequestServices.GetRequiredService<Request>().Caller = caller with { Staff = staff };
        context.Succeed(requirement);
    }
}

/// <summary>401 and 403 as problem documents; 503 while no signing key is known, because then nobody can tell a good token from a bad one.</summary>
internal sealed class AccessProblems(KeySet keys) : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(RequestDelegate next, HttpContext http, AuthorizationPolicy policy, PolicyAuthorizationResult result)
    {
        // No route, or no route for this method: the answer (404, 405) is the same for everybody.
        if (result.Succeeded || http.GetEndpoint() is not RouteEndpoint) { await next(http); return; }
        if (!keys.Known) await CommonProblems.KeysUnavailable.With().ExecuteAsync(http);
        else if (result.AuthorizationFailure?.FailureReasons.OfType<AccessFailure>().FirstOrDefault() is { } reason)
        {
            await reason.Problem.With(reason.Detail).ExecuteAsync(http);
        }
        else
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            await CommonProblems.TokenRequired.With(http.Request.Headers.Authorization.Count == 0 ? "Send Authorization: Bearer <token> (POST /oauth/token)" : "The token is expired or not valid here").ExecuteAsync(http);
        }
    }
}

/// <summary>Reads staff tokens: signed by the same provider, for their own audience, fifteen minutes long.</summary>
internal sealed class StaffTokens(string issuer, KeySet keys)
{
    private readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false };

    /// <summary>The member of staff; null when the token is not valid or is another tenant's.</summary>
    public async Task<Staff?> Read(string token, Guid? tenant)
    {
        var parameters = Access.Parameters(issuer, Access.StaffAudience);
        parameters.IssuerSigningKeys = keys.Current;
        var result = await handler.ValidateTokenAsync(token, parameters);
        if (!result.IsValid) return null;
        string Claim(string name) => result.Claims.TryGetValue(name, out var value) ? Convert.ToString(value, CultureInfo.InvariantCulture) ?? "" : "";
        return Guid.TryParse(Claim("sub"), out var id) && Guid.TryParse(Claim("tenant"), out var of) && of == tenant
            ? new Staff(id, Claim("staff_number"), Claim("functions").Split(' ', StringSplitOptions.RemoveEmptyEntries)) : null;
    }
}
