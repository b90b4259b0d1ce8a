using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace BloodPlatform.Chassis;

/// <summary>One way to write JSON: camelCase, instants with +08:00, strict about what is required, tolerant of unknown fields.</summary>
public static class Json
{
    public static JsonSerializerOptions Options { get; } = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // Chinese stays readable; answers are application/json, never HTML
        options.Converters.Add(new ShanghaiInstants());
        return options;
    }

    /// <summary>Reads RFC 3339 with an offset (an instant without one is refused: it would mean two things), writes +08:00.</summary>
    private sealed class ShanghaiInstants : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException("an RFC 3339 instant is expected");
            var zoned = text.EndsWith('Z') || (text.Length > 6 && text[^6] is '+' or '-');
            return zoned && reader.TryGetDateTimeOffset(out var instant) ? Micro(instant) : throw new JsonException("an RFC 3339 instant with its offset is expected, such as 2024-03-05T09:00:00+08:00");
        }

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Shanghai.Local(Micro(value)));

        // PostgreSQL keeps microseconds: what is answered now must equal what is read back later.
        private static DateTimeOffset Micro(DateTimeOffset value) => value.AddTicks(-(value.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
