using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Serialization;

namespace BloodPlatform.Audit;

/// <summary>Queues and bindings of the platform's virtual host.</summary>
public sealed record Broker(IReadOnlyList<BrokerQueue> Queues, IReadOnlyList<BrokerBinding> Bindings)
{
    /// <summary>Whether every queue is known to be empty; the broker counts every few seconds and says nothing of a queue that is newer.</summary>
    public bool Empty => Queues.All(q => q.Messages == 0);

    /// <param name="management">The management address with user and password: http://user:password@host:15672.</param>
    /// <exception cref="HttpRequestException">It does not answer, or not this user.</exception>
    public static async Task<Broker> Read(Uri management, string virtualHost, CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = new UriBuilder(management) { UserName = "", Password = "" }.Uri, Timeout = TimeSpan.FromSeconds(10) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo))));
        var host = Uri.EscapeDataString(virtualHost);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new Broker(
                    await http.GetFromJsonAsync<List<BrokerQueue>>($"api/queues/{host}", ct) ?? [],
                    await http.GetFromJsonAsync<List<BrokerBinding>>($"api/bindings/{host}", ct) ?? []);
            }
            catch (HttpRequestException e) when (e.StatusCode >= HttpStatusCode.InternalServerError && attempt < 10)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), ct); // RabbitMQ answers 500 while a queue that it lists is being made or removed
            }
        }
    }
}

/// <summary>A queue; the number of messages is null while the broker has not counted yet.</summary>
public sealed record BrokerQueue([property: JsonPropertyName("name")] string Name, [property: JsonPropertyName("messages")] long? Messages);

/// <summary>A binding to an `exchange` or a `queue`.</summary>
public sealed record BrokerBinding(
    [property: JsonPropertyName("source")] string Source, [property: JsonPropertyName("destination")] string Destination, [property: JsonPropertyName("destination_type")] string Kind);
