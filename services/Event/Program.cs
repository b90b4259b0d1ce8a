using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Organisations;

namespace BloodPlatform.Drives;

/// <summary>The whole service on one screen: what it hears, which constraints settle its races, what it answers.</summary>
public static class Program
{
    public static PlatformService Create(string[] args)
    {
        var service = PlatformService.Create("event", args, typeof(Program).Assembly);
        service.Builder.Services.AddValidation();
        return service.Map(RegisterOrganisation.Map);
    }

    public static Task<int> Main(string[] args) => Create(args).Run();
}
