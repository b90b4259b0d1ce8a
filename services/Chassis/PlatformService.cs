using System.Globalization;
using System.Reflection;
using BloodPlatform.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Localization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>What makes a service this service; filled by its Program and read by the chassis.</summary>
public sealed class ServiceDefinition(string name, Assembly assembly)
{
    internal Dictionary<Type, Func<DomainEvent, Transaction, IServiceProvider, Task>> Handlers { get; } = [];

    public string Name => name;

    public Assembly Assembly => assembly;

    /// <summary>Columns of the service's own that its master key seals.</summary>
    internal List<SealedColumn> Secrets { get; } = [];

    /// <summary>Named constraints that settle races, and the rejection each means.</summary>
    public Dictionary<string, ProblemCode> Constraints { get; } = new(StringComparer.Ordinal);

    /// <summary>Set where a listener demands freshness of this service's facts.</summary>
    public bool PublishesSeals { get; set; }

    /// <summary>Publishers whose first seal this service needs before it is ready.</summary>
    public HashSet<string> SealsDemanded { get; } = [];

    /// <summary>Set by the service that answers /health/ready for all.</summary>
    public bool SummarisesHealth { get; set; }

    /// <summary>Operator's commands of the service's own: <c>dotnet X.dll name</c>.</summary>
    public Dictionary<string, Func<IServiceProvider, CancellationToken, Task<int>>> Commands { get; } = [];

    /// <summary>What a step of each kind of job does.</summary>
    internal Dictionary<string, Func<Job, Transaction, IServiceProvider, Task<JobStep>>> Jobs { get; } = new(StringComparer.Ordinal);

    public IEnumerable<Type> Heard => Handlers.Keys;
}

/// <summary>
/// A service of the platform: host, database, bus, access, errors, health, commands. A Program reads: create, say what it
/// consumes and which constraints it names, map the features, run.
/// </summary>
public sealed class PlatformService
{
    private readonly string[] args;
    private readonly List<Action<IEndpointRouteBuilder>> maps = [];

    private PlatformService(string name, string[] args, Assembly assembly)
    {
        this.args = args;
        Definition = new ServiceDefinition(name, assembly);
        // Slim: without IIS, HTTPS and HTTP/3, which a service behind a gateway has no use for.
        Builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [.. args.Where(a => a.StartsWith("--", StringComparison.Ordinal) && a.Contains('='))], ApplicationName = assembly.GetName().Name });
        // One file per setting (Platform__MasterKeys__2), as secrets are mounted: a key that is added here is known without a restart.
        if (Builder.Configuration["Platform:SecretsDirectory"] is { Length: > 0 } secrets) Builder.Configuration.AddKeyPerFile(secrets, optional: true, reloadOnChange: true);
    }

    public ServiceDefinition Definition { get; }

    /// <summary>For services of the feature code's own; call <c>Builder.Services.AddValidation()</c> in the Program, its generator reads that assembly.</summary>
    public WebApplicationBuilder Builder { get; }

    /// <param name="name">Lower case; also the schema, the login and the queue.</param>
    public static PlatformService Create(string name, string[] args, Assembly assembly) => new(name, args, assembly);

    /// <summary>A consumed event is a use case: its handler gets the inbox's transaction.</summary>
    public PlatformService Consumes<T>(Func<T, Transaction, Task> handler) where T : DomainEvent => Consumes<T>((e, tx, _) => handler(e, tx));

    public PlatformService Consumes<T>(Func<T, Transaction, IServiceProvider, Task> handler) where T : DomainEvent
    {
        Definition.Handlers.Add(typeof(T), (e, tx, services) => handler((T)e, tx, services));
        return this;
    }

    /// <summary>Consumes any event by its base, for the feed.</summary>
    public PlatformService ConsumesAll(Func<DomainEvent, Transaction, IServiceProvider, Task> handler)
    {
        foreach (var type in EventTypes.All) Definition.Handlers.Add(type.Type, handler);
        return this;
    }

    /// <summary>Long work of this kind is done here, step by step (<see cref="Chassis.Jobs"/>).</summary>
    public PlatformService Runs(string kind, Func<Job, Transaction, IServiceProvider, Task<JobStep>> step)
    {
        Definition.Jobs.Add(kind, step);
        return this;
    }

    /// <summary>A violated constraint of this name is this rejection.</summary>
    public PlatformService Constraint(string constraint, ProblemCode rejection)
    {
        Definition.Constraints.Add(constraint, rejection);
        return this;
    }

    /// <summary>Others may demand this service's seal.</summary>
    public PlatformService PublishesSeals()
    {
        Definition.PublishesSeals = true;
        return this;
    }

    /// <summary>Ready only after the publisher's first seal; acts that need fresh facts ask <see cref="Freshness.IsFresh"/>.</summary>
    public PlatformService DemandsSealOf(string publisher)
    {
        Definition.SealsDemanded.Add(publisher);
        return this;
    }

    /// <summary>
    /// A column of secrets sealed with <see cref="Vault.SealSecret"/>, so that a rotation of the master keys brings them along.
    /// <paramref name="context"/> is the SQL expression of the context each was sealed with.
    /// </summary>
    public PlatformService KeepsSecrets(string table, string key, string column, string context)
    {
        Definition.Secrets.Add(new(table, [key], column, context, static (vault, stored, of) => vault.SealSecret(vault.OpenSecret(stored, of), of)));
        return this;
    }

    public PlatformService Map(params Action<IEndpointRouteBuilder>[] features)
    {
        maps.AddRange(features);
        return this;
    }

    /// <summary>The application, for tests that start it in their own process.</summary>
    public WebApplication Build()
    {
        SqlTypes.Register();
        var configuration = Builder.Configuration;
        var services = Builder.Services;
        var name = new ServiceName(Definition.Name);
        var connectionString = ServiceConnectionString(configuration);

        Builder.Logging.ClearProviders().AddSimpleConsole(console => { console.SingleLine = true; console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ "; console.UseUtcTimestamp = true; });
        // Values never reach the logs through the libraries' own words: SQL parameters and paths with ids stay out.
        Builder.Logging.AddFilter("Npgsql", LogLevel.Warning).AddFilter("MassTransit", LogLevel.Warning).AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("Microsoft.IdentityModel", LogLevel.Error);
        // A request goes on where its bytes came in, which is a thread of the pool already (the socket's own thread hands it there): two hand-overs less on each.
        // It is "unsafe" only together with DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS, which must not be set: one handler would hold up every socket.
        Builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        Builder.WebHost.ConfigureKestrel(kestrel => { kestrel.AddServerHeader = false; kestrel.Limits.MaxRequestBodySize = 16 * 1024 * 1024; });

        services.AddSingleton(Definition).AddSingleton(name);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => NpgsqlDataSource.Create(connectionString));
        services.AddSingleton<RelaySignal>().AddSingleton<RelayState>().AddSingleton<Vault>().AddSingleton<KeyRotation>().AddSingleton<Consumers>();
        services.AddScoped<Database>();
        services.ConfigureHttpJsonOptions(http => Json.Configure(http.SerializerOptions).Converters.Add(new Plain.Texts()));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddSingleton<Microsoft.AspNetCore.Http.IProblemDetailsService, ValidationProblems>();
        services.AddRequestLocalization(localization =>
        {
            localization.DefaultRequestCulture = new RequestCulture("en", "zh-CN"); // numbers and dates never change; only words do
            localization.SupportedCultures = [CultureInfo.InvariantCulture];
            localization.SupportedUICultures = [new CultureInfo("zh-CN"), new CultureInfo("zh"), new CultureInfo("en")];
            localization.RequestCultureProviders = [new AcceptLanguageHeaderRequestCultureProvider()];
        });

        var issuer = configuration["Platform:Issuer"] ?? "http://localhost:8080";
        services.AddSingleton(sp => new KeySet(configuration["Authority"] ?? "", Path.Combine(configuration["Platform:StateDirectory"] ?? Path.Combine(Path.GetTempPath(), "blood-platform-" + Definition.Name), "signing-keys.json"), sp.GetRequiredService<ILogger<KeySet>>()));
        services.AddHostedService(sp => sp.GetRequiredService<KeySet>());
        services.AddAccess(issuer);
        services.AddRateLimits(configuration);

        // "none" is for feature tests, which hand events to the consumers themselves; a forgotten address must not start half-deaf.
        if (configuration["Broker:Uri"] != "none")
        {
            services.AddSingleton(BrokerAddress.From(configuration)).AddSingleton<PlatformBus>().AddSingleton<BusHost>().AddHostedService(sp => sp.GetRequiredService<BusHost>());
            services.AddSingleton(new RelayConnection(connectionString)).AddHostedService<Relay>();
            services.AddHostedService<Housekeeping>().AddHostedService<IdleMemory>();
        }
        if (Definition.Jobs.Count > 0) services.AddSingleton<JobRunner>().AddHostedService(sp => sp.GetRequiredService<JobRunner>());
        services.AddSingleton<Health>();
        services.AddTelemetry(Definition.Name, configuration);
        services.AddApiDescription(Definition);

        var app = Builder.Build();
        app.UseRequestLocalization();
        app.UseMiddleware<ExceptionProblems>();
        app.Use(Plain.Addresses);
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimits();
        app.UseMiddleware<IdempotencyMiddleware>();
        app.MapHealth(Definition);
        app.MapApiDescription(Definition);
        var features = app.MapGroup("").AddEndpointFilter(FreshIds.Filter);
        foreach (var map in maps) map(features);
        return app;
    }

    /// <summary>Runs a command (migrate, replay, parked, rotate-keys, health) or, without one, the service.</summary>
    public async Task<int> Run()
    {
        if (args.FirstOrDefault(a => !a.StartsWith('-')) is { } command) return await Commands.Run(command, args, this);
        await Build().RunAsync();
        return 0;
    }

    internal static string ServiceConnectionString(IConfiguration configuration)
    {
        var given = new NpgsqlConnectionStringBuilder(configuration.GetConnectionString("Service") ?? throw new InvalidOperationException("ConnectionStrings:Service is not configured"));
        given.NoResetOnClose = true; // nothing here leaves session state in a pooled connection
        given.MaxAutoPrepare = 200; // more than a service's changes have statements
        given.AutoPrepareMinUsages = 1; // a statement's first use is its planning: there is no second
        given.ApplicationName ??= "platform";
        given.GssEncryptionMode = GssEncryptionMode.Disable; // nobody here has Kerberos: asking for it at each connection loads its libraries
        given.IncludeErrorDetail = false; // details quote values
        // Costs: plans are kept, some from a day on which the table had one page. By the server's usual costs the cheapest way to
        // a key was then to read that page, and stays so while the table grows; by these it is the index from the first row on.
        given.Options = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c timezone=UTC -c random_page_cost=1.1 -c seq_page_cost=4 -c jit=off " + given.Options;
        return given.ConnectionString;
    }
}

/// <summary>Turns the framework's validation findings into the platform's problem document: 422, JSON pointers.</summary>
internal sealed class ValidationProblems : IProblemDetailsService
{
    public async ValueTask WriteAsync(ProblemDetailsContext context) => await TryWriteAsync(context);

    public async ValueTask<bool> TryWriteAsync(ProblemDetailsContext context)
    {
        if (context.ProblemDetails is not HttpValidationProblemDetails validation) return false;
        var errors = validation.Errors.SelectMany(field => field.Value.Select(message => new FieldError(PointerOf(field.Key), "invalid", message))).ToArray();
        await CommonProblems.Invalid.With(null, errors).ExecuteAsync(context.HttpContext);
        return true;
    }

    /// <summary>Venue.Name or Rows[3].Din as /venue/name, /rows/3/din.</summary>
    private static string PointerOf(string key) => string.Concat(key.Replace("]", "", StringComparison.Ordinal).Split('.', '[').Select(part => "/" + (part.Length > 0 ? char.ToLowerInvariant(part[0]) + part[1..] : part)));
}

/// <summary>Sweeps what has had its time: inbox after 30 days, idempotent answers after 7.</summary>
internal sealed class Housekeeping(NpgsqlDataSource source, ServiceName name, TimeProvider clock, ILogger<Housekeeping> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            try
            {
                await using var command = source.CreateCommand(name.Sql("delete from {schema}.inbox where received_at < now() - interval '30 days'; delete from {schema}.idempotency where created_at < now() - interval '7 days'"));
                await command.ExecuteNonQueryAsync(stopping);
            }
            catch (NpgsqlException e) when (!stopping.IsCancellationRequested) { log.LogWarning("Sweeping waits for the next hour: {Reason}", e.GetType().Name); }
        }
    }
}

/// <summary>
/// Gives back, while a service is quiet, the memory that starting or a busy hour took: its collector works when something is allocated, and an idle
/// service allocates next to nothing. Five of them share one small machine.
/// </summary>
internal sealed class IdleMemory : BackgroundService
{
    private const long QuietBytes = 4 << 20, WorthIt = 6 << 20; // what polling allocates between two looks is a fraction of that
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        long seen = 0, givenBack = -WorthIt;
        using var timer = new PeriodicTimer(LookEvery, TimeProvider.System);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            var allocated = GC.GetTotalAllocatedBytes();
            if (allocated - seen < QuietBytes && allocated - givenBack > WorthIt)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                givenBack = allocated;
            }
            seen = allocated;
        }
    }
}
