using System.Net.Http.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;

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

/// <summary>The person as a register knows him: by one of his documents.</summary>
/// <param name="DonorId">The registration that the document was recorded under.</param>
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

/// <summary>A register knows a person by whichever document he showed there: it is asked about every one of all his registrations.</summary>
internal static class ExternalPerson
{
    /// <summary>A hit on one document is a hit; clear is who is clear by all of them. Null where there is no such donor.</summary>
    public static async Task<string?> Ask(Database db, Vault vault, IExternalRegister register, Guid donorId, CancellationToken ct)
    {
        var cards = await db.Query<SealedCard>($"select d.donor_id, d.kind, d.number, k.wrapped_key from donor.document d join donor.subject_key k on k.subject_id = d.donor_id where d.donor_id = any({DonorFile.IdsOf}) order by d.recorded_at, d.id", new { donorId }, ct);
        // At once: together they keep within the time limit of one.
        var outcomes = await Task.WhenAll(cards.Select(c => new ExternalQuestion(c.DonorId, c.Kind, IdentityDocument.Normalise(vault.Unwrap(c.DonorId, c.WrappedKey).Open("document_number", c.Number)))).Select(q => register.Ask(q, ct)));
        return outcomes.Length == 0 ? null : outcomes.Contains(ExternalOutcome.Hit) ? ExternalOutcome.Hit : outcomes.All(o => o == ExternalOutcome.Clear) ? ExternalOutcome.Clear : ExternalOutcome.Unavailable;
    }

    private sealed record SealedCard(Guid DonorId, string Kind, byte[] Number, byte[] WrappedKey);
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
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            // Whatever another party sends (a charset nobody knows, half an answer) is no answer. The kind only: a message may quote what was sent.
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
