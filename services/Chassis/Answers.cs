using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace BloodPlatform.Chassis;

/// <summary>A page of a list: <c>next</c> is the cursor of the following page, or null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next)
{
    /// <summary>From one row more than the limit: the extra row says that there is a next page, which starts after the last one shown.</summary>
    public static Page<T> From(List<T> rowsPlusOne, int limit, Func<T, string> cursorOf) =>
        rowsPlusOne.Count <= limit ? new(rowsPlusOne, null) : new(rowsPlusOne[..limit], cursorOf(rowsPlusOne[limit - 1]));
}

/// <summary>Small things every answer needs: its status, its version tag.</summary>
public static class Answers
{
    /// <summary>The status a handler's result will have; 200 for what is no HTTP result.</summary>
    public static int StatusOf(object? result)
    {
        while (result is INestedHttpResult nested) result = nested.Result;
        return result is IStatusCodeHttpResult { StatusCode: { } status } ? status : 200;
    }

    /// <summary>201 with Location, ETag and the whole resource.</summary>
    public static Made<T> Created<T>(string location, long version, T resource) => new(201, location, version, resource);

    /// <summary>200 with ETag and the whole resource.</summary>
    public static Made<T> Ok<T>(long version, T resource) => new(200, null, version, resource);

    /// <summary>An ETag is the row's version.</summary>
    public static string Tag(long version) => $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";

    /// <summary>Checks If-Match against the row's version: 428 without, 412 on mismatch, null when it matches.</summary>
    public static ProblemHttpResult? Precondition(HttpRequest request, long version)
    {
        var header = request.Headers.IfMatch.ToString();
        if (header.Length == 0) return CommonProblems.IfMatchRequired.With();
        return EntityTagHeaderValue.TryParseList([header], out var tags) && tags.Any(t => t.Tag == "*" || t.Tag == Tag(version)) ? null : CommonProblems.VersionMismatch.With();
    }

    /// <summary>`limit` of a list: 1 to 1,000, 100 when absent.</summary>
    public static int Limit(int? limit) => Math.Clamp(limit ?? 100, 1, 1000);
}

/// <summary>A resource with its ETag (and its Location when it was just made).</summary>
public sealed class Made<T>(int status, string? location, long version, T resource) : IResult, IStatusCodeHttpResult, IValueHttpResult<T>, IValueHttpResult, Microsoft.AspNetCore.Http.Metadata.IEndpointMetadataProvider
{
    public int? StatusCode => status;

    public T? Value => resource;

    object? IValueHttpResult.Value => resource;

    public Task ExecuteAsync(HttpContext http)
    {
        http.Response.StatusCode = status;
        if (location is not null) http.Response.Headers.Location = location;
        http.Response.Headers.ETag = Answers.Tag(version);
        return http.Response.WriteAsJsonAsync(resource, Json.Options, "application/json; charset=utf-8", http.RequestAborted);
    }

    /// <summary>What the API description says of it; an endpoint that creates adds <c>.Creates()</c> and is described with 201.</summary>
    public static void PopulateMetadata(System.Reflection.MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(200, typeof(T), ["application/json"]));
}

/// <summary>Marks an endpoint whose success is 201.</summary>
public sealed record CreatesMetadata;
