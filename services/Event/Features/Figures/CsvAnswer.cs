using System.Globalization;
using System.Reflection;
using System.Text;
using BloodPlatform.Chassis;
using CsvHelper;
using Microsoft.AspNetCore.Http.Metadata;

namespace BloodPlatform.Drives.Features.Figures;

/// <summary>
/// Results as a spreadsheet reads them: `?format=csv`, RFC 4180 in UTF-8 with its mark, without which the usual spreadsheet program takes Chinese for
/// something else. Instants, dates and truths are written as in JSON. A name that begins as a formula does is escaped: names are others' words.
/// </summary>
public sealed class CsvAnswer(string fileName, IReadOnlyList<string> heading, IEnumerable<IReadOnlyList<object?>> lines) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    private static readonly CsvWriterOptions Format = new() { Injection = CsvInjection.Escape };

    public int? StatusCode => 200;

    /// <summary>Null, or the problem that `format` is neither `csv` nor `json`.</summary>
    public static Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult? Refuses(string? format) =>
        format is null or "json" or "csv" ? null : CommonProblems.Invalid.With(null, new FieldError("/format", "unknown", "One of: json, csv"));

    public async Task ExecuteAsync(HttpContext http)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, Format, true))
        {
            foreach (var line in lines.Prepend(heading))
            {
                foreach (var value in line) csv.WriteField(Written(value));
                csv.EndRecord();
            }
        }
        http.Response.StatusCode = 200;
        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{fileName}\"";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetPreamble(), http.RequestAborted);
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), http.RequestAborted);
    }

    /// <summary>A number stays one: as text, what is below zero would be escaped like a formula.</summary>
    private static object Written(object? value) => value switch
    {
        null => "",
        bool truth => truth ? "true" : "false",
        DateTimeOffset instant => Shanghai.Local(instant).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFzzz", CultureInfo.InvariantCulture),
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => value,
    };

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => builder.Metadata.Add(new ProducesResponseTypeMetadata(200, typeof(string), ["text/csv"]));
}
