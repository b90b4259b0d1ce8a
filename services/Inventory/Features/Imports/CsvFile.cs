using System.Globalization;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;
using CsvHelper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Imports;

/// <param name="Line">Of the file; the heading is line 1.</param>
/// <param name="Errors">Where a column is wrong, its name is the pointer.</param>
public sealed record RefusedLine(int Line, string Code, FieldError[] Errors);

/// <summary>A file that somebody's software wrote: its size, its form, its rows by the names of its heading.</summary>
internal static class CsvFile
{
    private const int MostBytes = 10 * 1024 * 1024;

    // No value of a row may come into an exception, and from there into a log. An empty line is a row, so that lines keep their numbers.
    private static readonly CsvReaderOptions Format = new() { Separator = ',', HasHeader = true, TrimWhitespace = true, SkipEmptyLines = false, IncludeValuesInExceptions = false, MalformedData = CsvMalformedDataHandling.Throw, FieldCountMismatch = CsvFieldCountHandling.Allow };

    public static async Task<(byte[]? Body, ProblemHttpResult? No)> Body(HttpRequest http, CancellationToken ct)
    {
        if (http.ContentType?.StartsWith("text/csv", StringComparison.OrdinalIgnoreCase) != true) return (null, CommonProblems.UnsupportedMediaType.With("Send text/csv"));
        if (http.ContentLength > MostBytes) return (null, CommonProblems.BodyTooLarge.With("At most 10 MiB"));
        using var body = new MemoryStream();
        await http.Body.CopyToAsync(body, ct);
        return body.Length > MostBytes ? (null, CommonProblems.BodyTooLarge.With("At most 10 MiB")) : (body.ToArray(), null);
    }

    /// <summary>Each row, or why the file can't be read at all.</summary>
    /// <param name="row">Of a row's line in the file and its fields by column; an empty field is null.</param>
    public static (List<T>? Rows, string? Unreadable) Read<T>(byte[] body, string[] columns, string[] needed, int mostRows, Func<int, Func<string, string?>, T> row)
    {
        try
        {
            using var csv = CsvReader.FromText(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body).TrimStart('\uFEFF'), Format);
            csv.ReadHeader();
            string[] headings = [.. csv.Headers.Select(h => h.Trim().ToLowerInvariant())];
            if (Array.Find(needed, n => !headings.Contains(n)) is { } missing) return (null, $"The heading lacks {missing}: {string.Join(",", columns)}");
            var rows = new List<T>();
            while (csv.Read())
            {
                if (rows.Count == mostRows) return (null, $"At most {mostRows} rows");
                rows.Add(row(rows.Count + 2, Field));
            }
            return rows.Count == 0 ? (null, "There is no row below the heading") : (rows, null);

            string? Field(string name) => Array.IndexOf(headings, name) is >= 0 and var i && i < csv.FieldCount && csv.GetStringOrNull(i)?.Trim() is { Length: > 0 } text ? text : null;
        }
        catch (Exception e) when (e is CsvFormatException or InvalidOperationException) { return (null, "Not readable as CSV with a heading"); }
        catch (DecoderFallbackException) { return (null, "Not UTF-8"); }
    }

    /// <summary>`/rows/7/bag/expiresOn` is the column `bag_expires_on`.</summary>
    public static string ColumnOf(string pointer) =>
        string.Join('_', pointer.Split('/', StringSplitOptions.RemoveEmptyEntries) is ["rows", _, .. var path] ? path.Select(JsonNamingPolicy.SnakeCaseLower.ConvertName) : [pointer]);
}

/// <summary>A row's fields as what they should be; what is none is named by its column.</summary>
internal sealed class CsvRow(Func<string, string?> field)
{
    private static readonly string[] Times = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm'Z'"]; // never without its zone

    public List<FieldError> Errors { get; } = [];

    public string? Text(string column) => field(column);

    /// <summary>Codes separated by spaces.</summary>
    public string[]? Codes(string column) => field(column)?.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public int? Number(string column) => Read(column, "A whole number", (string t, out int v) => int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out v));

    public decimal? Decimal(string column) => Read(column, "A number such as 1.5", (string t, out decimal v) => decimal.TryParse(t, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out v));

    public Guid? Id(string column) => Read(column, "An id", (string t, out Guid v) => Guid.TryParseExact(t, "D", out v));

    public DateOnly? Date(string column) => Read(column, "A date such as 2026-01-31", (string t, out DateOnly v) => DateOnly.TryParseExact(t, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out v));

    public bool Flag(string column) => Read(column, "true or false", (string t, out bool v) => bool.TryParse(t, out v)) ?? false;

    public DateTimeOffset? Time(string column) => Read(column, "A time such as 2026-01-31T08:30:00+08:00",
        (string t, out DateTimeOffset v) => DateTimeOffset.TryParseExact(t, Times, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out v));

    private delegate bool Parse<T>(string text, out T value);

    private T? Read<T>(string column, string message, Parse<T> parse) where T : struct
    {
        if (field(column) is not { } text) return null;
        if (parse(text, out var value)) return value;
        Errors.Add(new(column, "invalid", message));
        return null;
    }
}
