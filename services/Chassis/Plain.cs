using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace BloodPlatform.Chassis;

/// <summary>
/// Text as people write it. Control characters are nobody's name, number or note: PostgreSQL refuses one of them (U+0000) with a failure, and the others
/// come out of a terminal or a printer as commands. Line breaks and tabs stay: free text has them.
/// </summary>
public static class Plain
{
    /// <summary>GB/T 2260: six ASCII digits. <c>\d</c> would take the digits of every script.</summary>
    public const string District = "[0-9]{6}";

    /// <summary>A telephone number: at least five digits, with single blanks or hyphens between them.</summary>
    public const string Phone = @"\+?[0-9](?:[ \-]?[0-9]){4,}";

    /// <summary>A person's name: one line with at least one letter, of whatever script (those beyond the basic plane are surrogates here).</summary>
    public const string Name = @"[^\p{Cc}]*[\p{L}\p{Cs}][^\p{Cc}]*";

    internal const string Refusal = "No control characters but line breaks and tabs";

    public static bool Control(char c) => char.IsControl(c) && c is not ('\t' or '\n' or '\r');

    /// <summary>Every text of a request's body, keys of an object's own included.</summary>
    internal sealed class Texts : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String ? Checked(reader.GetString()!) : throw new JsonException("a text is expected");

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

        public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => Checked(reader.GetString()!);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);

        private static string Checked(string text) => text.AsSpan().ContainsAny(Suspects) && text.Any(Control) ? throw new JsonException(Refusal) : text;

        private static readonly SearchValues<char> Suspects = SearchValues.Create([.. Enumerable.Range(0, 0xA0).Select(i => (char)i).Where(Control)]);
    }

    /// <summary>What is in the path and the query reaches the same statements.</summary>
    internal static async Task Addresses(HttpContext http, RequestDelegate next)
    {
        FieldError[] bad = [.. http.Request.Query.Where(q => q.Key.Any(Control) || q.Value.Any(v => v?.Any(Control) == true)).Select(q => new FieldError("/" + string.Concat(q.Key.Where(c => !Control(c))), "malformed", Refusal))];
        if (bad.Length > 0 || http.Request.Path.Value?.Any(Control) == true) await CommonProblems.Malformed.With(Refusal, bad).ExecuteAsync(http);
        else await next(http);
    }
}
