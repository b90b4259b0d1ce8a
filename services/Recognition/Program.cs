using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Recognition.Features.Credits;
using BloodPlatform.Recognition.Features.Projections;
using BloodPlatform.Recognition.Features.Recognitions;

namespace BloodPlatform.Recognition;

/// <summary>The whole service on one screen: what it hears, which constraints settle its races, what it answers.</summary>
public static class Program
{
    public static PlatformService Create(string[] args)
    {
        var service = PlatformService.Create("recognition", args, typeof(Program).Assembly);
        service.Builder.Services.AddValidation();
        return service
            .Consumes<DonorRegistered>(OnDonorRegistered.Handle)
            .Consumes<DonorChanged>(OnDonorChanged.Handle)
            .Consumes<DonorErased>(OnDonorErased.Handle)
            .Consumes<DonorsMerged>(OnDonorsMerged.Handle)
            .Consumes<DonorsUnmerged>(OnDonorsUnmerged.Handle)
            .Consumes<DonationCollected>(OnDonationCollected.Handle)
            .Consumes<DonationCorrected>(OnDonationCorrected.Handle)
            .Consumes<DonationVoided>(OnDonationVoided.Handle)
            .Map(GetRecognition.Map, ListCredits.Map, GetCredit.Map);
    }

    public static Task<int> Main(string[] args) => Create(args).Run();
}
