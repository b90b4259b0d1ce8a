using BloodPlatform.Chassis;
using BloodPlatform.Partners.Features.Audit;
using BloodPlatform.Partners.Features.Clients;
using BloodPlatform.Partners.Features.Events;
using BloodPlatform.Partners.Features.OAuth;
using BloodPlatform.Partners.Features.Operations;
using BloodPlatform.Partners.Features.Projections;
using BloodPlatform.Partners.Features.StaffMembers;
using Microsoft.Extensions.Logging.Console;

namespace BloodPlatform.Partners;

/// <summary>The whole service on one screen: what it hears, which constraints settle its races, what it answers.</summary>
public static class Program
{
    public static PlatformService Create(string[] args)
    {
        var service = PlatformService.Create("partner", args, typeof(Program).Assembly);
        service.Definition.SummarisesHealth = true;
        service.Definition.Commands["bootstrap"] = Bootstrap.Run;
        service.Builder.Services.AddValidation();
        service.Builder.Services.AddSingleton<SigningKeys>().AddSingleton<FeedHead>().AddSingleton<Sequencer>().AddHostedService(sp => sp.GetRequiredService<Sequencer>());
        // A command's output is one line that a program reads; what is logged goes beside it.
        if (args is ["bootstrap", ..]) service.Builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);

        return service
            .ConsumesAll(OnAnyEvent.Handle)
            .Constraint("staff_number_once", Problems.StaffNumberTaken)
            .KeepsSecrets("partner.signing_key", "kid", "private_key", "'signing-key/' || kid")
            .Map(IssueToken.Map, PublishKeys.Map)
            .Map(RegisterClient.Map, RotateClient.Map, RevokeClient.Map, ReadClients.Map)
            .Map(RegisterStaff.Map, ChangeStaff.Map, ReadStaff.Map, SignInStaff.Map)
            .Map(ReadEvents.Map, ReadAudit.Map)
            .Map(SummariseHealth.Map, ShowDocs.Map, ReadProblemTypes.Map, DescribeEvents.Map, AnswerUnknownPaths.Map);
    }

    public static Task<int> Main(string[] args) => Create(args).Run();
}
