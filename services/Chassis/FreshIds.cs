using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Chassis;

/// <summary>
/// Callers read what they just wrote without knowing which service owns it. A handler that meets an id it does not know answers
/// <see cref="CommonProblems.Unknown"/>; when the id (a UUID version 7) is younger than 60 s the handler is run again until the
/// event has arrived, at most 2 s and holding no connection meanwhile, then 409 not_yet_visible with Retry-After: 1.
/// </summary>
public static class FreshIds
{
    internal const string UnknownId = "unknownId";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(25);

    /// <summary>As <see cref="CommonProblems.Unknown"/>, for something fresh that has another code once it is too late (din_not_issued).</summary>
    public static ProblemHttpResult WaitThen(ProblemHttpResult problem)
    {
        problem.ProblemDetails.Extensions[UnknownId] = Guid.Empty;
        return problem;
    }

    /// <summary>As <see cref="CommonProblems.Unknown"/>, where the request names the unknown thing and another code says so: 409 not_yet_visible while the id is fresh.</summary>
    public static ProblemHttpResult WaitThen(ProblemHttpResult problem, Guid id)
    {
        problem.ProblemDetails.Extensions[UnknownId] = id;
        return problem;
    }

    internal static async ValueTask<object?> Filter(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var clock = TimeProvider.System; // waiting is the machine's time, never business time
        var started = clock.GetTimestamp();
        while (true)
        {
            var result = await next(context);
            if (UnknownIn(result) is not { } problem) return result;
            var id = (Guid)problem.ProblemDetails.Extensions[UnknownId]!;
            problem.ProblemDetails.Extensions.Remove(UnknownId);
            if (id != Guid.Empty && !Ids.IsFresh(id, clock.GetUtcNow())) return result;
            if (clock.GetElapsedTime(started) >= Patience)
            {
                context.HttpContext.Response.Headers.RetryAfter = "1";
                return id == Guid.Empty ? result : CommonProblems.NotYetVisible.With();
            }
            await Task.Delay(Step, clock, context.HttpContext.RequestAborted);
        }
    }

    private static ProblemHttpResult? UnknownIn(object? result)
    {
        while (result is INestedHttpResult nested) result = nested.Result;
        return result is ProblemHttpResult problem && problem.ProblemDetails.Extensions.ContainsKey(UnknownId) ? problem : null;
    }
}
