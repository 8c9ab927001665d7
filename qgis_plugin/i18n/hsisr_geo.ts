<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" sourcelanguage="en">
  <context>
    <name>hsisr_geo</name>
    <message>
      <source>Adapt model to scene</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Fine-tunes a model on a raster, or refuses where that does not pay.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;Fine-tunes a model on a raster, for that scene and its neighbours, at one upscale only. No finer data are needed: the raster is degraded, and the model learns to undo that. Give the model file as &lt;b&gt;Model file&lt;/b&gt; to &lt;i&gt;Super-resolve raster&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;A block of the raster is held out. Where the result is not better there than the model it started from, beyond chance, the algorithm &lt;b&gt;ends with an error that says so and writes nothing&lt;/b&gt;. On small scenes that is the normal case: use the model as it is.&lt;/p&gt;&lt;p&gt;At least 20 times the upscale of pixels a side without holes are needed. It ends after so many &lt;b&gt;minutes&lt;/b&gt;, or when nothing gets better.&lt;/p&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Minutes to learn in</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>It ends sooner when nothing gets better.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Model files</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Adapted model</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>PSNR over the model it started from, on the held-out block (dB)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Standard error of the gain (dB)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Adapted. Give {file} as Model file to Super-resolve raster.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Assess on this scene</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Degrades a raster and compares the super-resolved one with it, as a report.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;Tells how well a model does on a raster: the raster is degraded, super-resolved, and compared with itself, beside nearest, bilinear, bicubic and back-projection. The report, a page to read and its numbers as JSON, says which of them wins, in which metrics and bands. The page is in the &lt;b&gt;results viewer&lt;/b&gt; when it is done, and the log has a link to it.&lt;/p&gt;&lt;p&gt;Of a large raster at most &lt;b&gt;Window&lt;/b&gt; pixels a side are looked at (512); &lt;b&gt;Only this extent&lt;/b&gt; says where. The smallest has 8 times the upscale a side.&lt;/p&gt;&lt;p&gt;It tests one step coarser than you use: how well 60 m becomes 30 m says something about how well 30 m becomes 15 m, no more.&lt;/p&gt;&lt;h3&gt;Model&lt;/h3&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Replace a report that is in the folder</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Window (pixels a side)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The part with the fewest holes is taken.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Folder of the report</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Report: assess on this scene</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Verdict</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Kind of verdict: better, worse, mixed or tie</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Method to use on this scene</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>PSNR over bicubic (dB)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Spectral angle over bicubic's</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>PSNR over back-projection (dB)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Spectral angle over back-projection's</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{folder} is not empty: choose another folder, or switch on {option}.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Open the report</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{name} is '{given}', but may be {known}.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{name}: there is no raster layer and no file '{given}'.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{name}: '{given}' is not a raster layer.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>By the properties of the layer, {values} is no data in '{layer}'. The file does not say so, and a run takes it for measured, unless it is given as {option}.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Cancelled.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{name} is '{given}', which is not a number.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>about {number} {unit} left</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{done} of {total} tiles</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Mean PSNR over bands (dB)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Mean structural similarity over bands</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Mean correlation over bands</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Root mean square error, in the unit of the rasters</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Mean spectral angle (degrees)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>ERGAS with the true ratio</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>ERGAS with ratio 4</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Count bad bands, too</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Else bands that either raster marks as bad are left out.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Peak value of PSNR and SSIM</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>In the unit of the rasters. Empty: below it lie 99.9 % of the reference's values.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Evaluate against reference</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Scores of a super-resolved raster against the truth.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;Compares a super-resolved raster with a reference on the same grid, over the pixels and good bands that both have. Higher is better for PSNR, SSIM and CC, lower for RMSE, SAM and ERGAS.&lt;/p&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Super-resolved raster</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Reference raster</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>undefined</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Spectral index with its deviation</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Makes an index of a super-resolved raster, with its standard deviation.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;Makes a raster of two bands: an index of a super-resolved raster, and how far it may be off, as a standard deviation. It needs the &lt;b&gt;uncertainty&lt;/b&gt; of all bands that &lt;i&gt;Super-resolve raster&lt;/i&gt; wrote beside the result.&lt;/p&gt;&lt;p&gt;&lt;i&gt;ndvi&lt;/i&gt; and &lt;i&gt;pri&lt;/i&gt;: vegetation; &lt;i&gt;rep&lt;/i&gt;: the position of the red edge, in nm; &lt;i&gt;depth:2200&lt;/i&gt; and &lt;i&gt;depth:900&lt;/i&gt;: depths of absorption bands, of clay and of iron. Each takes the good bands nearest to its wavelengths, at most 10 nm away.&lt;/p&gt;&lt;p&gt;The deviation is to first order, with the correlation that the detail of the result's bands has.&lt;/p&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Its uncertainty</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Index</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Of all bands, as it was written beside the result.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Of vegetation, the red edge, or the depth of an absorption.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Index and its deviation</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Mean of the index</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Mean of its deviation</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>No pixel has a value of {index} (bands at {waves} nm)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>unknown</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{index} of the bands at {waves} nm: {mean:.4g} in the mean, deviation {deviation}</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Hyperspectral raster info</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Reports grid, bands, wavelengths and nodata of a raster.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;Reports what &lt;i&gt;Super-resolve raster&lt;/i&gt; will see in a raster: its grid and every band's name, wavelength, width, unit and whether it is marked bad. A file name that ends in .json gets the same as JSON.&lt;/p&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Hyperspectral raster</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Report on the raster</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Number of bands</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>yes</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>no</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Pixels: {size}{rows} rows × {cols} columns</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Degraded again it is {share:.2f} % of a band's standard deviation from the input</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Time: {seconds:.1f} s</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Time: about {number} {unit}</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>, {tiles} tiles</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Memory: about {size}</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Disk: {size} for the result, before compression; {scratch} beside it meanwhile</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The result would have {rows} rows × {cols} columns and {bands} bands</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A layer or a file. Of what QGIS does not show, such as PRISMA, EMIT, Zarr or the folder of a product, the path.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Pixels become finer by</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>How many times finer the pixels become.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Model file, in place of the model chosen above</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A model of your own, such as 'Adapt model to scene' writes.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Detail (0: most likely image, 1: sampled texture)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Seed</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Above 0 the network adds texture that the sensor did not see.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Chooses the texture; without effect at detail 0.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Only this extent</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>In any CRS; grown to whole pixels of the raster.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The sensor's blur</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>What made the raster's pixels of finer ones: auto, bicubic, gaussian:MTF (gaussian:0.3 for an MTF of 0.3), or the path of a kernel file. Empty: auto.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Keep bands in water vapour from the network</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>1340–1445 and 1790–1955 nm, where they are noise: interpolated.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Only wavelengths from (nm)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Only wavelengths up to (nm)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Only these bands (empty: all)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>By number or wavelength, as in 1-50,60 or 450-900nm.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Bands to take for bad</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Never shown to the network, but interpolated; as above, and water-vapour (1340-1445 and 1790-1955 nm).</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Leave bad bands out</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Else they are interpolated. Those to take for bad are among them.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Bands where two detectors measure</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Of EnMAP and PRISMA at 900-1000 nm: both (keep), or those of one detector.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Put a swath on a map grid</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Of EMIT, PRISMA (L1, L2B, L2C), Tanager, PACE, HYPSO, AVIRIS, and any netCDF or Zarr with longitude and latitude of each pixel, by the lookup table or coordinates that come with them. Else the result stays in the geometry of the sensor.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Where the file does not say it.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Number for no data</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Take the maker's clouds for holes</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Of EnMAP, DESIS L2A, PRISMA L1, Tanager, EMIT and Wyvern, whose masks lie in or beside the file.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>In the raster's units. Empty, both: nothing below zero where the raster has nothing there, and no spikes. One alone: the other end is open.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Least value of the result</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Largest value of the result</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Take the raster though it is a result already</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Else it is refused: detail that was made up is no scene to start from.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Where to compute</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>auto: on the graphics card where there is a usable one.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Tile size in input pixels (smaller needs less memory)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Tiles computed at the same time</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>More is faster where there are processors for them, and takes more memory.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Estimate the sensor's blur</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Tells what blurred a raster, and how sure that is.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;Tells which blur &lt;i&gt;Super-resolve raster&lt;/i&gt; assumes by itself, and how sure that is: what the file says, else what is known of its sensor, else what its pixels tell, else &lt;i&gt;bicubic&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;The MTF is the modulation that is left at the Nyquist frequency of the pixels: small is soft. In brackets are the bounds that the truth exceeds in one of ten cases each. &lt;b&gt;PSF&lt;/b&gt;, among the outputs, can be given to &lt;i&gt;Super-resolve raster&lt;/i&gt;.&lt;/p&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Drawing of the blur</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>What tells it</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The sensor's blur: {psf} (PSF)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>MTF at the Nyquist frequency from row to row, where pixels tell it</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>MTF at the Nyquist frequency from column to column, where pixels tell it</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Model</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>An installed model; the help beside tells what each gains over bicubic.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;The list of models is read from the engine when a dialog opens or a run begins.&lt;/p&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Against bicubic, mean over scenes that the model was not trained on.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>default</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>spectral angle</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>MODEL is '{given}', but the installed models are {known}. A model of your own is given as MODEL_FILE.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>EXTENT needs a raster that QGIS can open, which {scene} is not.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>EXTENT is empty: give XMIN,XMAX,YMIN,YMAX, or nothing.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>EXTENT lies beside {scene}.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Give BANDS or a range of wavelengths, not both.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>FROM_NM is larger than TO_NM: exchange them.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Super-resolve raster</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Makes a hyperspectral raster 2, 3 or 4 times finer.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Before and after: AVIRIS Indian Pines, twice as fine</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;Makes the grid of a hyperspectral raster 2, 3 or 4 times finer, band by band, with a network trained on hyperspectral scenes. Place, band names, wavelengths, nodata and units stay as they are.&lt;/p&gt;&lt;p&gt;The finer pixels are an estimate. Do not measure on them what the original pixels do not support. &lt;i&gt;Assess on this scene&lt;/i&gt; tells how good they are likely to be.&lt;/p&gt;&lt;h3&gt;Model&lt;/h3&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>&lt;p&gt;&lt;i&gt;bicubic&lt;/i&gt; and &lt;i&gt;back-projection&lt;/i&gt; have no network: they are what the models are compared with. &lt;b&gt;Model file&lt;/b&gt;, among the advanced parameters, takes one of your own, such as &lt;i&gt;Adapt model to scene&lt;/i&gt; makes.&lt;/p&gt;&lt;h3&gt;Detail&lt;/h3&gt;&lt;p&gt;0 gives the most likely image, and always the same one. Towards 1 the network draws plausible texture that the sensor did not see: it looks sharper and is less true. &lt;b&gt;Seed&lt;/b&gt; chooses the draw.&lt;/p&gt;&lt;h3&gt;Uncertainty&lt;/h3&gt;&lt;p&gt;A second raster: how far the result may be off, as a standard deviation, per band or as one band with their mean. It is predicted of what is seen around a pixel; about two of three errors are smaller. With &lt;b&gt;samples&lt;/b&gt; it is their standard deviation at detail 1 instead; a sample takes about as long as five images at detail 0.&lt;/p&gt;&lt;h3&gt;The sensor's blur&lt;/h3&gt;&lt;p&gt;Its PSF, which made the pixels of finer ones: &lt;i&gt;bicubic&lt;/i&gt;, &lt;i&gt;gaussian:MTF&lt;/i&gt; (the MTF at the Nyquist frequency, as in gaussian:0.3), or the path of a kernel file (text or .npy). The result is made consistent with it, unless that is switched off: then it is only measured. &lt;i&gt;auto&lt;/i&gt;, which comes first: as the file, its sensor or its pixels tell.&lt;/p&gt;</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Super-resolved</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Uncertainty</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>'{layer}' has {crs} in QGIS and another CRS, or none, in its file. So has the result: {crs} on the map, in its file what the input's file says.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Leave the result as the network made it, not made consistent with the blur</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>How far it is from the input, degraded again, is measured all the same.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Samples for the uncertainty</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Time grows with them.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Bands of the uncertainty</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>mean: one band, the mean over all of them.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Creation options of the format</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Format of the result</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>auto: by the ending of the name, where .tif is a plain GeoTIFF.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>As GDAL names them, separated by |, as in COMPRESS=LZW|BLOCKSIZE=256.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Only tell what a run would take: time, memory, disk</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Memory that the run may take</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>As in 500M or 4GiB: tiles are made small enough. Empty: a quarter of all.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Precision of the network</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>bfloat16 is faster where the hardware has it, and not quite the same.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Nothing is written. The answer is in the log.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Cancelled. What is done is kept; Set up goes on there.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Hyperspectral super-resolution</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Set up…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Open a sample scene</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Super-resolve raster…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Assess on this scene…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Adapt model to scene…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Spectral index with its deviation…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Evaluate against reference…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Estimate the sensor's blur…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Hyperspectral raster info…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Show in true colour</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Swipe between before and after</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Difference between before and after</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Spectra before and after</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>hsisr-geo executable</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Engine</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The algorithms run in a Python of their own, beside QGIS.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Environment of this profile</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Makes an environment with the engine in it, repairs or removes it.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>An engine of your own</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The executable of an installed hsisr-geo, used before all others. Usually empty.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>In use: {program}, named by {origin}.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>the internet</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>the internet and a wheel folder</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>a wheel folder only (no network)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>folder with *.whl files</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>as pip is configured</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>another one…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Location</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Python</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>PyTorch for</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Packages from</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>PyTorch's index</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Disk space</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Too little: {report}</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Set up hyperspectral super-resolution</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Looking at this machine…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Looking at this machine</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Set up</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Repair</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Remove {folder} and all that is in it?</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Remove</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Done.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Not set up</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A set-up is under way</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Set-up unfinished</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Broken</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Set up for another version</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Ready</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Choose a Python.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The algorithms run in a Python of their own, beside QGIS. Set up makes one here, with PyTorch in it. Nothing is installed into QGIS or into your system's Python.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>What a set-up says appears here, and is kept in setup.log.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Cancel</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Copy diagnostics</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Close</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The diagnostics are on the clipboard.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The algorithms use {program}, version {version}, named by {origin}.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The algorithms cannot run yet: {reason}</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The algorithms cannot run: {reason}</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>One more step: its engine has to be set up.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Try a sample scene</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>'{layer}' is not a file but comes from elsewhere ({origin}). Export it (right-click on the layer, Export › Save As…, Raw data) and use the file.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>'{layer}' is held in the memory of QGIS. Export it (right-click on the layer, Export › Save As…, Raw data) and use the file.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Choose a raster layer first.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>'{layer}' has no bands with visible wavelengths.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Neither raster tells where it lies, and the result is a part.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Difference: {result}</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>There is no result on the map yet: run 'Super-resolve raster' first.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>No bands with visible wavelengths: the colours are QGIS's choice.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>uncertainty</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>part</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>before</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>after</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Click on the map: the spectrum of the pixel appears here.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>wavelength (nm)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>band</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>± standard deviation</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>follow the mouse</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Save the spectra</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Save the picture</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>it cannot be written</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Saved: {path}</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Pick pixels</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Clear</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Save as CSV…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Save as picture…</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>auto: as the file, its sensor or its pixels tell</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>as the model was trained: bicubic</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>bicubic: crisp pixels</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>gaussian:0.3 (blur by the sensor's MTF at Nyquist)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>gaussian:0.2 (more blur)</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>gaussian:0.1 (much blur)</source>
      <translation type="unfinished" />
    </message>
  </context>
</TS>
