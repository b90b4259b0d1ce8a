using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Features.Operations;

/// <summary>GET /asyncapi.json: every event, who publishes and who hears it, made from the contracts themselves (AsyncAPI 3.0).</summary>
public static class DescribeEvents
{
    private static readonly Lazy<string> Document = new(() => Describe().ToJsonString(Json.Options));

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/asyncapi.json", () => TypedResults.Text(Document.Value, "application/json")).Public()
        .WithSummary("The platform's events (AsyncAPI)");

    private static JsonObject Describe()
    {
        var (channels, messages, operations) = (new JsonObject(), new JsonObject(), new JsonObject());
        var options = new JsonSerializerOptions(Json.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
        foreach (var e in EventTypes.All)
        {
            var name = e.PublicName["blood-platform.".Length..];
            messages[name] = new JsonObject { ["name"] = e.PublicName, ["contentType"] = "application/json", ["payload"] = Schema(e.Type, options) };
            channels[name] = new JsonObject
            {
                ["address"] = e.Exchange,
                ["messages"] = new JsonObject { [name] = new JsonObject { ["$ref"] = "#/components/messages/" + name } },
                ["x-publisher"] = e.Publisher,
                ["x-listeners"] = new JsonArray([.. e.Listeners.Select(l => (JsonNode)l)]),
            };
            operations["publish-" + name] = new JsonObject { ["action"] = "send", ["channel"] = new JsonObject { ["$ref"] = "#/channels/" + name }, ["x-service"] = e.Publisher };
        }
        return new JsonObject
        {
            ["asyncapi"] = "3.0.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Blood platform: events", ["version"] = "v1",
                ["description"] = "What services say to each other. Outside programs read the same events, as far as they are theirs, at GET /v1/events (CloudEvents 1.0; `type` is the message's name, `data` its payload).",
            },
            ["defaultContentType"] = "application/json",
            ["channels"] = channels, ["operations"] = operations, ["components"] = new JsonObject { ["messages"] = messages },
        };
    }

    private static JsonNode Schema(Type type, JsonSerializerOptions options) => options.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions
    {
        TreatNullObliviousAsNonNullable = true,
        // Written by a converter of the platform's own, which the exporter can't look into.
        TransformSchemaNode = (context, schema) => context.TypeInfo.Type == typeof(DateTimeOffset) || context.TypeInfo.Type == typeof(DateTimeOffset?)
            ? new JsonObject { ["type"] = context.TypeInfo.Type == typeof(DateTimeOffset) ? "string" : new JsonArray("string", "null"), ["format"] = "date-time" } : schema,
    });
}
