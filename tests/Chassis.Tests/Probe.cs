using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace BloodPlatform.Chassis.Tests;

public sealed record ThingRequest(string Name);

public sealed record ThingView(Guid Id, string Name);

/// <summary>
/// The smallest service there can be, under any of the five names so that the contracts' publishers and listeners are real. As
/// "donor" it publishes DonorRegistered of a "thing"; as a listener it writes down each effect.
/// </summary>
public static class Probe
{
    public static readonly ProblemCode NameTaken = new("name_taken", 409, "名称已被占用", "The name is taken");

    public static Func<string[], PlatformService> As(string name, Func<DomainEvent, Transaction, Task>? effect = null) => args =>
    {
        var service = PlatformService.Create(name, args, typeof(Probe).Assembly).Constraint("thing_name_once", NameTaken).Map(Map);
        foreach (var type in EventTypes.All.Where(e => e.Listeners.Contains(name)))
            service.Definition.Handlers.Add(type.Type, (e, tx, _) => (effect ?? WriteDown)(e, tx));
        if (name == "donor") service.PublishesSeals();
        if (name == "recognition") service.DemandsSealOf("donor");
        return service;
    };

    public static Task WriteDown(DomainEvent e, Transaction tx)
    {
        tx.Write("insert into {schema}.effect (event_id, type, key, version) values (@EventId, @type, @Key, @Version)", new { e.EventId, type = e.GetType().Name, e.Key, e.Version });
        return Task.CompletedTask;
    }

    public static DonorRegistered Registered(Guid donor, long version) => new()
    {
        Key = donor.ToString(), Version = version, OccurredAt = TimeProvider.System.GetUtcNow(), DonorId = donor, Status = "active", Consents = [], Memberships = [], Apps = [],
    };

    private static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/things", Make).Allow("donors", Roles.Station).Creates();
        app.MapPost("/v1/things/{id:guid}/touch", Touch).Allow("donors", Roles.Station);
        app.MapPost("/v1/things/{id:guid}/demanding", Touch).Allow("donors", Roles.Station).ByStaff("release").NeedsIdempotencyKey();
        app.MapPatch("/v1/things/{id:guid}", Rename).Allow("donors", Roles.Station);
        app.MapGet("/v1/things/{id:guid}", Get).Allow("donors", Roles.Station);
        app.MapGet("/v1/things/search", async (string name, Database db, CancellationToken ct) => TypedResults.Ok(await db.Query<Guid>("select id from donor.thing where name = @name", new { name }, ct))).Allow("donors", Roles.Station);
        app.MapPost("/v1/things/form", async (HttpRequest http, Database db, CancellationToken ct) =>
        {
            var name = http.HasFormContentType ? (await http.ReadFormAsync(ct))["name"].ToString() : await new StreamReader(http.Body).ReadToEndAsync(ct);
            return TypedResults.Ok(await db.Query<Guid>("select id from donor.thing where name = @name", new { name }, ct));
        }).Allow("donors", Roles.Station);
        app.MapGet("/v1/fresh/{donor:guid}", Fresh).Allow("donors", Roles.Station);
    }

    private static Task<Results<Made<ThingView>, ProblemHttpResult>> Make(ThingRequest request, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<ThingView>, ProblemHttpResult>>(tx =>
        {
            var id = tx.NewId();
            tx.Write("insert into donor.thing (id, version, name) values (@id, 1, @Name)", new { id, request.Name });
            tx.Append(Registered(id, 1));
            if (request.Name == "refused") return Task.FromResult<Results<Made<ThingView>, ProblemHttpResult>>(NameTaken.With());
            return Task.FromResult<Results<Made<ThingView>, ProblemHttpResult>>(Answers.Created($"/v1/things/{id}", 1, new ThingView(id, request.Name)));
        }, ct);

    private static Task<Results<Made<ThingView>, ProblemHttpResult>> Touch(Guid id, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<ThingView>, ProblemHttpResult>>(async tx =>
        {
            var thing = await tx.QuerySingle<ThingRow>("select id, version, name from donor.thing where id = @id for update", new { id });
            if (thing is null) return CommonProblems.Unknown(id);
            tx.Write("update donor.thing set version = version + 1 where id = @id", new { id });
            tx.Append(Registered(id, thing.Version + 1));
            tx.Audit("touch", $"thing/{id}");
            return Answers.Ok(thing.Version + 1, new ThingView(id, thing.Name));
        }, ct);

    private static Task<Results<Made<ThingView>, ProblemHttpResult>> Rename(Guid id, ThingRequest request, HttpRequest http, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<ThingView>, ProblemHttpResult>>(async tx =>
        {
            var thing = await tx.QuerySingle<ThingRow>("select id, version, name from donor.thing where id = @id for update", new { id });
            if (thing is null) return CommonProblems.Unknown(id);
            if (Answers.Precondition(http, thing.Version) is { } stale) return stale;
            tx.Write("update donor.thing set version = version + 1, name = @Name where id = @id", new { id, request.Name });
            return Answers.Ok(thing.Version + 1, new ThingView(id, request.Name));
        }, ct);

    private static async Task<Results<Made<ThingView>, ProblemHttpResult>> Get(Guid id, Database db, CancellationToken ct) =>
        await db.QuerySingle<ThingRow>("select id, version, name from donor.thing where id = @id", new { id }, ct) is { } thing
            ? Answers.Ok(thing.Version, new ThingView(thing.Id, thing.Name)) : CommonProblems.Unknown(id);

    private static Task<Ok<bool>> Fresh(Guid donor, Database db, CancellationToken ct) =>
        db.InTransaction(async tx => TypedResults.Ok(await tx.IsFresh("donor", donor.ToString())), ct);

    private sealed record ThingRow(Guid Id, long Version, string Name);
}
