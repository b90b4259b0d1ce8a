using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>
/// One stable reason why a request was not done: <paramref name="Code"/> is what programs read, the titles what people read.
/// A service lists its codes in one class, a line each; GET /v1/problem-types prints them all.
/// </summary>
/// <param name="Code">snake_case, never changed once published.</param>
/// <param name="Status">400 malformed, 401, 403, 404, 409 try again after something changes, 412, 422 never works, 428, 429, 503 same request later.</param>
/// <param name="Zh">Title in simplified Chinese.</param>
/// <param name="En">Title in English.</param>
public sealed record ProblemCode(string Code, int Status, string Zh, string En)
{
    /// <summary>The RFC 9457 document, in the language of the request.</summary>
    public ProblemHttpResult With(string? detail = null, params FieldError[] errors)
    {
        var document = new ProblemDetails
        {
            Type = $"/v1/problem-types/{Code}",
            Title = Language.IsChinese ? Zh : En,
            Status = Status,
            Detail = detail,
        };
        document.Extensions["code"] = Code;
        document.Extensions["traceId"] = Activity.Current?.TraceId.ToString();
        if (errors.Length > 0) document.Extensions["errors"] = errors;
        return TypedResults.Problem(document);
    }

    /// <summary>A rejection of a pure rule.</summary>
    public Rejection Because(string? detail = null, params FieldError[] errors) => new(this, detail, errors);
}

/// <summary>The language of the request: zh-CN unless the caller asks for en.</summary>
public static class Language
{
    /// <summary>By its name: without ICU a culture knows no more of itself.</summary>
    public static bool IsChinese => CultureInfo.CurrentUICulture.Name.StartsWith("zh", StringComparison.Ordinal);
}

/// <summary>What exactly is wrong: a JSON pointer into the request (or a name of a condition), a code, and words.</summary>
public sealed record FieldError(string Pointer, string Code, string Detail);

/// <summary>A pure rule's "no".</summary>
public sealed record Rejection(ProblemCode Problem, string? Detail, FieldError[] Errors)
{
    public ProblemHttpResult ToProblem() => Problem.With(Detail, Errors);
}

/// <summary>The reasons that every service has.</summary>
public static class CommonProblems
{
    public static readonly ProblemCode Malformed = new("malformed_request", 400, "请求格式有误", "The request cannot be read");
    public static readonly ProblemCode Invalid = new("invalid_value", 422, "有字段的值不可接受", "A field has a value that is never accepted");
    public static readonly ProblemCode IdempotencyKeyRequired = new("idempotency_key_required", 400, "此操作必须携带 Idempotency-Key", "This call needs an Idempotency-Key");
    public static readonly ProblemCode IdempotencyKeyReused = new("idempotency_key_reused", 422, "该 Idempotency-Key 已用于另一请求", "This Idempotency-Key was used for another request");
    public static readonly ProblemCode RequestInProgress = new("request_in_progress", 409, "同一请求正在处理", "The same request, or one that holds the same thing, is still in progress");
    public static readonly ProblemCode TokenRequired = new("token_required", 401, "需要有效的访问令牌", "A valid access token is required");
    public static readonly ProblemCode ScopeRequired = new("scope_required", 403, "令牌没有所需的权限范围", "The token lacks the scope");
    public static readonly ProblemCode RoleForbidden = new("role_forbidden", 403, "该角色不可执行此操作", "This role may not do this");
    public static readonly ProblemCode StaffRequired = new("staff_required", 403, "此操作须由工作人员签名（Acting-Staff）", "A member of staff must answer for this act (Acting-Staff)");
    public static readonly ProblemCode StaffFunctionRequired = new("staff_function_required", 403, "该工作人员没有所需岗位资格", "The member of staff lacks the function");
    public static readonly ProblemCode KeysUnavailable = new("keys_unavailable", 503, "签名公钥暂不可用，请稍后重试", "No signing keys are known yet; try again later");
    public static readonly ProblemCode NotFound = new("not_found", 404, "未找到", "Not found");
    public static readonly ProblemCode NotYetVisible = new("not_yet_visible", 409, "刚刚创建，尚未到达本服务，请稍后重试", "Just made elsewhere and not here yet; try again");
    public static readonly ProblemCode IfMatchRequired = new("if_match_required", 428, "必须携带 If-Match", "If-Match is required");
    public static readonly ProblemCode VersionMismatch = new("version_mismatch", 412, "资源已被他人修改", "The resource has changed since it was read");
    public static readonly ProblemCode BodyTooLarge = new("body_too_large", 413, "请求体过大", "The body is too large");
    public static readonly ProblemCode MethodNotAllowed = new("method_not_allowed", 405, "不支持此方法", "The method is not allowed here");
    public static readonly ProblemCode UnsupportedMediaType = new("unsupported_media_type", 415, "不接受此媒体类型", "This media type is not taken here");
    public static readonly ProblemCode TooManyRequests = new("too_many_requests", 429, "请求过于频繁", "Too many requests");
    public static readonly ProblemCode ServiceUnavailable = new("service_unavailable", 503, "服务暂不可用，请稍后以同一请求重试", "Not available just now; send the same request later");
    public static readonly ProblemCode Unexpected = new("unexpected", 500, "出现意外错误，已记录", "Something unexpected happened and was recorded");

    /// <summary>An id nobody here knows, or another tenant's. A fresh one is waited for first (<see cref="FreshIds"/>).</summary>
    public static ProblemHttpResult Unknown(Guid id)
    {
        var problem = NotFound.With();
        problem.ProblemDetails.Extensions[FreshIds.UnknownId] = id;
        return problem;
    }
}

/// <summary>Every code of a service, for the catalogue, and the constraints that settle its races.</summary>
public static class ProblemCatalogue
{
    /// <summary>The public static ProblemCode fields of a class.</summary>
    public static IEnumerable<ProblemCode> In(Type list) =>
        list.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.FieldType == typeof(ProblemCode)).Select(f => (ProblemCode)f.GetValue(null)!);
}

/// <summary>Turns what a handler threw into a problem document: named constraints into their codes, outages into 503, the rest into 500.</summary>
internal sealed class ExceptionProblems(RequestDelegate next, ServiceDefinition service, ILogger<ExceptionProblems> log)
{
    public async Task Invoke(HttpContext http)
    {
        http.Response.OnStarting(() =>
        {
            if (http.Response.StatusCode == 503 && http.Response.Headers.RetryAfter.Count == 0) http.Response.Headers.RetryAfter = "1";
            return Task.CompletedTask;
        });
        try
        {
            await next(http);
            if (http.Response is { HasStarted: false, ContentLength: null, ContentType: null } && ForBareStatus(http) is { } bare) await bare.ExecuteAsync(http);
        }
        catch (Exception e) when (!http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            var problem = Translate(e);
            if (problem.StatusCode == 500) log.LogError(e, "Unexpected failure of {Method} {Route}", http.Request.Method, (http.GetEndpoint() as Microsoft.AspNetCore.Routing.RouteEndpoint)?.RoutePattern.RawText);
            else if (problem.StatusCode == 503) log.LogWarning("Unavailable: {Kind}: {Message}", e.GetType().Name, (e as PostgresException)?.MessageText ?? e.GetType().Name);
            await problem.ExecuteAsync(http);
        }
    }

    private const string SendJson = "Send application/json, or what the description of the call names", AtMost = "At most 16 MiB";

    private static ProblemHttpResult? ForBareStatus(HttpContext http) => http.Response.StatusCode switch
    {
        400 => CommonProblems.Malformed.With(null, [.. Unreadable(http)]),
        404 => CommonProblems.NotFound.With(),
        405 => CommonProblems.MethodNotAllowed.With(),
        415 => CommonProblems.UnsupportedMediaType.With(SendJson),
        413 => CommonProblems.BodyTooLarge.With(AtMost),
        _ => null,
    };

    /// <summary>The generated binding says that a parameter can't be read and not which: of those that were sent and are more than text, it is one.</summary>
    private static IEnumerable<FieldError> Unreadable(HttpContext http) =>
        from parameter in http.GetEndpoint()?.Metadata.OfType<IParameterBindingMetadata>() ?? []
        where parameter.HasTryParse && http.Request.Query.ContainsKey(parameter.Name)
        let type = Nullable.GetUnderlyingType(parameter.ParameterInfo.ParameterType) ?? parameter.ParameterInfo.ParameterType
        select new FieldError("/" + parameter.Name, "malformed", $"Not readable as {type.Name}");

    private ProblemHttpResult Translate(Exception e) => e switch
    {
        BadHttpRequestException { StatusCode: 413 } => CommonProblems.BodyTooLarge.With(AtMost),
        BadHttpRequestException { StatusCode: 415 } => CommonProblems.UnsupportedMediaType.With(SendJson),
        BadHttpRequestException { InnerException: JsonException json } => CommonProblems.Malformed.With(
            "The body is not the JSON that this call takes", new FieldError(PointerOf(json.Path), "malformed", MessageOf(json))),
        BadHttpRequestException bad => CommonProblems.Malformed.With(bad.Message),
        PostgresException { ConstraintName: { } name } when service.Constraints.TryGetValue(name, out var code) => code.With(),
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => CommonProblems.RequestInProgress.With(),
        PostgresException { IsTransient: true } or NpgsqlException { IsTransient: true } or TimeoutException => CommonProblems.ServiceUnavailable.With(),
        PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter } => CommonProblems.Malformed.With(Plain.Refusal), // in what is no JSON: a form, a list
        InvalidOperationException { Source: "Microsoft.AspNetCore.WebUtilities" } or InvalidDataException => CommonProblems.Malformed.With("The form is not readable"), // what the reader of forms says of one with U+0000, or beyond its limits
        NpgsqlException and not PostgresException => CommonProblems.ServiceUnavailable.With(),
        _ => CommonProblems.Unexpected.With(),
    };

    // System.Text.Json's own words name .NET types and may quote the value: say only what the caller can use.
    private static string MessageOf(JsonException e) => e.Message.Contains("missing required", StringComparison.Ordinal)
        ? "Required and missing: " + e.Message[(e.Message.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]
        : e.Message.StartsWith("an RFC 3339", StringComparison.Ordinal) || e.Message == Plain.Refusal ? e.Message
        : e.LineNumber is { } line ? $"Not readable as the expected type (line {line + 1}, byte {e.BytePositionInLine})" : "Not readable as the expected type";

    /// <summary>System.Text.Json's path ($.venue.name, $.rows[3].din) as a JSON pointer.</summary>
    internal static string PointerOf(string? path) => path is null or "$" ? "" :
        path.TrimStart('$').Replace("['", ".", StringComparison.Ordinal).Replace("']", "", StringComparison.Ordinal).Replace('[', '.').Replace("]", "", StringComparison.Ordinal).Replace('.', '/');
}
