using System.Net.Http.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Features.ExternalChecks;

/// <summary>What a register of deferred donors beyond this platform says of a person.</summary>
public static class ExternalOutcome
{
    /// <summary>Not in the register.</summary>
    public const string Clear = "clear";

    /// <summary>Deferred elsewhere.</summary>
    public const string Hit = "hit";

    /// <summary>Nobody knows: asked again until somebody does, and nothing of him is released meanwhile.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The deferral of who is in the register: without end, until a physician has clarified it.</summary>
    public const string Deferral = "EXTERNAL_HIT";
}

/// <summary>The person as a register knows him.</summary>
public sealed record ExternalQuestion(Guid DonorId, string DocumentKind, string DocumentNumber);

/// <summary>
/// The port to the register of deferred donors of the province or the state (屏蔽库). Asked when a visit opens, never inside a transaction. An
/// implementation answers within its own time limit and never throws: what goes wrong is <see cref="ExternalOutcome.Unavailable"/>.
/// </summary>
public interface IExternalRegister
{
    Task<string> Ask(ExternalQuestion question, CancellationToken ct);

    /// <summary>The sandbox's own register, or the one at ExternalRegister:Url; without an address a real platform gets no answer, and releases nothing.</summary>
    static void AddTo(IServiceCollection services, IConfiguration configuration)
    {
        services.AddHostedService<RecheckDonors>();
        if (configuration["ExternalRegister:Url"] is null && configuration["Platform:Sandbox"] == "true") services.AddScoped<IExternalRegister, SandboxRegister>();
        else services.AddSingleton<IExternalRegister, HttpRegister>();
    }
}

/// <summary>A register behind HTTP: POST { documentKind, documentNumber } → { outcome: clear | hit }.</summary>
public sealed class HttpRegister(IConfiguration configuration, ILogger<HttpRegister> log) : IExternalRegister, IDisposable
{
    private readonly Uri? address = configuration["ExternalRegister:Url"] is { Length: > 0 } url ? new Uri(url) : null;

    private readonly HttpClient http = new() { Timeout = TimeSpan.FromMilliseconds(configuration.GetValue("ExternalRegister:TimeoutMilliseconds", 2000)) };

    public async Task<string> Ask(ExternalQuestion question, CancellationToken ct)
    {
        if (address is null) return ExternalOutcome.Unavailable;
        try
        {
            using var answer = await http.PostAsJsonAsync(address, new { question.DocumentKind, question.DocumentNumber }, Json.Options, ct);
            if (answer.IsSuccessStatusCode && await answer.Content.ReadFromJsonAsync<RegisterAnswer>(Json.Options, ct) is { Outcome: ExternalOutcome.Clear or ExternalOutcome.Hit } known) return known.Outcome;
            log.LogWarning("The external register answered {Status} and no outcome", (int)answer.StatusCode);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or TaskCanceledException or System.Text.Json.JsonException or NotSupportedException)
        {
            log.LogWarning("The external register cannot be asked: {Reason}", e.GetType().Name);
        }
        return ExternalOutcome.Unavailable;
    }

    public void Dispose() => http.Dispose();

    private sealed record RegisterAnswer(string? Outcome);
}

/// <summary>The sandbox's register: clear, unless told otherwise of a donor, or of all by ExternalRegister:Sandbox.</summary>
public sealed class SandboxRegister(Database db, IConfiguration configuration) : IExternalRegister
{
    public async Task<string> Ask(ExternalQuestion question, CancellationToken ct) =>
        await db.QuerySingle<string>("select outcome from donor.sandbox_register where donor_id = @DonorId", new { question.DonorId }, ct) ?? configuration["ExternalRegister:Sandbox"] ?? ExternalOutcome.Clear;
}
